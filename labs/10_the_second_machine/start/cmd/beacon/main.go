// Command beacon says the colour and the flashes of its lights.
package main

import (
	"os"

	"example.com/beacon/internal/colour"
	"example.com/beacon/internal/signal"
)

func main() {
	for _, name := range []string{"Skagen", "Ærø"} {
		os.Stdout.WriteString(name + " " + colour.Of(name) + " " + signal.Flashes(name) + "\n")
	}
}
