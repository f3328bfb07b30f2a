// Package cargo needs the core.
package cargo

import "example.com/harbour/internal/port"

// Cargo counts what a ship may unload.
func Cargo(ships int) int { return port.Free(ships) + 5 }
