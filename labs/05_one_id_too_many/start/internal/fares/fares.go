// Package fares knows what rides cost.
package fares

import "github.com/segmentio/fasthash/fnv1a"

// To is the price of a ride to a stop.
func To(stop string) int { return 20 + int(fnv1a.HashString32(stop)%15) }
