// Package greeting is a leaf: only the program imports it.
package greeting

// Version is how often the text was changed.
const Version = 1

// Text welcomes a ship.
func Text(ship string) string { return "welcome, " + ship }
