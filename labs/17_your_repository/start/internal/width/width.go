// Package width counts what a reader sees.
package width

import "github.com/rivo/uniseg"

// Of is the number of characters that a text shows.
func Of(text string) int { return uniseg.GraphemeClusterCount(text) }
