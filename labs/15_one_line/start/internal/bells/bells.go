// Package bells strikes.
package bells

import "example.com/chime/internal/ropes"

const sound = "dong"

// Strike is what is heard at an hour.
func Strike(hour int) string {
	heard := ropes.Creak
	for range hour % 12 {
		heard += " " + sound
	}
	return heard
}
