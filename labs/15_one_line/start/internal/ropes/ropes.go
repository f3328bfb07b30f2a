// Package ropes creaks before the bells strike.
package ropes

// Creak is heard first.
const Creak = "krr"
