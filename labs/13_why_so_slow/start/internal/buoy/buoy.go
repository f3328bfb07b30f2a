// Package buoy writes what stands on a buoy.
package buoy

import (
	"strings"

	"github.com/rivo/uniseg"
)

const width = 12

// Label is a text in the middle of a line.
func Label(text string) string {
	left := max(0, width-uniseg.GraphemeClusterCount(text)) / 2
	return strings.Repeat(" ", left) + text
}
