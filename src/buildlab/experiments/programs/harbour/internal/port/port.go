// Package port is the core: most packages of the program import it.
package port

// Berths is how many ships fit.
const Berths = 1

// Free says how many berths are left.
func Free(ships int) int { return Berths - ships }
