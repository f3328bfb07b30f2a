// Command tide prints today's high waters.
package main

import (
	"example.com/harbourworks/internal/clock"
	"example.com/harbourworks/internal/tidetable"
)

func main() {
	for _, minutes := range tidetable.High() {
		println(tidetable.Station + ": high water at " + clock.Text(minutes))
	}
}
