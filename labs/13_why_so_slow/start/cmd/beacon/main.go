// Command beacon prints how its lamp flashes; `beacon version` says which release it is.
package main

import (
	"os"

	"example.com/beacon/internal/buoy"
	"example.com/beacon/internal/lamp"
)

// Set by the linker: -X main.version=…
var version = "unknown"

func main() {
	if len(os.Args) > 1 && os.Args[1] == "version" {
		os.Stdout.WriteString("beacon " + version + "\n")
		return
	}
	os.Stdout.WriteString(buoy.Label(lamp.Colour) + "\n")
}
