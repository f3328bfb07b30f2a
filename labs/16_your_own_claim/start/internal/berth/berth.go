// Package berth knows which ship lies where.
package berth

var ships = []string{"Anna", "Berta"}

// Ship is the ship at a berth, which counts from 1.
func Ship(berth int) string { return ships[berth-1] }
