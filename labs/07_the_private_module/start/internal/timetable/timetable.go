// Package timetable writes lines of one width.
package timetable

import (
	"strings"

	"github.com/rivo/uniseg"
)

const width = 16

// Line is a word and what belongs to it.
func Line(word, what string) string {
	gap := max(1, width-uniseg.GraphemeClusterCount(word))
	return word + strings.Repeat(" ", gap) + what + "\n"
}
