// Package weather knows how far one can see.
package weather

const sight = 40

// Sight is how far one can see, in metres.
func Sight() int { return sight }
