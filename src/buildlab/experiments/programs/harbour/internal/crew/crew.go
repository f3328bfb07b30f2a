// Package crew needs the core.
package crew

import "example.com/harbour/internal/port"

// Crew counts who may go ashore.
func Crew(ships int) int { return port.Free(ships) + 4 }
