// Package crane knows what the crane does.
package crane

// Busy is what the crane does, to be read after a ship.
func Busy() string { return " (unloading)" }
