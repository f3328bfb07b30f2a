// Package caps measures words.
package caps

import "github.com/rivo/uniseg"

// Length is the number of characters that a word shows.
func Length(word string) int { return uniseg.GraphemeClusterCount(word) }
