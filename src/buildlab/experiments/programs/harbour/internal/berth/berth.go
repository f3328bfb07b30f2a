// Package berth needs the core.
package berth

import "example.com/harbour/internal/port"

// Berth names a place for a ship.
func Berth(ships int) int { return port.Free(ships) + 5 }
