// Package west knows when the sun is gone.
package west

// Station is where the sun is watched.
const Station = "tower"

// Dusk is the end of today's light, in minutes since midnight.
func Dusk() int { return 1203 }
