// Command platforms computes for a moment and prints how many milliseconds that took.
package main

import "time"

func main() {
	began := time.Now()
	x := uint64(1)
	for range 100_000_000 {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	if x == 0 {
		panic("xorshift never reaches zero")
	}
	println(time.Since(began).Milliseconds())
}
