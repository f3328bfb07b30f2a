// Command dusk prints when the lights go on.
package main

import (
	"example.com/harbourworks/internal/clock"
	"example.com/harbourworks/internal/west"
)

func main() { println(west.Station + ": lights on at " + clock.Text(west.Dusk())) }
