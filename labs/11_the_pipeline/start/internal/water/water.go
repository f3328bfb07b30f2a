// Package water knows how high the water is.
package water

import "github.com/rivo/uniseg"

// Name is what the water is called.
const Name = "inner basin"

// Width is the number of characters that the name shows.
func Width() int { return uniseg.GraphemeClusterCount(Name) }

// Height is the water's height in centimetres.
func Height() int { return 312 }
