// Package almanac knows the tides.
package almanac

import "strings"

var harbours = []string{"north 04:10", "south 05:35"}

// High is when the water is high, a harbour a line.
func High() string {
	return strings.Join(harbours, "\n") + "\n"
}
