// Package signal writes how a light flashes.
package signal

import (
	"strings"

	"github.com/rivo/uniseg"
)

// Flashes of a name: one for each of its characters.
func Flashes(name string) string {
	return strings.Repeat("*", uniseg.GraphemeClusterCount(name))
}
