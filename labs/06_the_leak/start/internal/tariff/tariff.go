// Package tariff knows what each road costs.
package tariff

import "strings"

var roads = []string{"bridge 4", "tunnel 7", "pass 12"}

// Table is the tariff as text, a road a line.
func Table() string {
	return strings.Join(roads, "\n") + "\n"
}
