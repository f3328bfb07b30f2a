// Package tide needs the core.
package tide

import "example.com/harbour/internal/port"

// Tide tells when a ship may enter.
func Tide(ships int) int { return port.Free(ships) + 4 }
