// Package water knows how high the water is.
package water

// Name is what the water is called.
const Name = "inner basin"

// Height is the water's height in centimetres.
func Height() int { return 312 }
