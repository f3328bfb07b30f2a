// Command foghorn blows; `foghorn version` says which release it is, and by whose key.
package main

import (
	"os"

	"example.com/foghorn/internal/blast"
	"example.com/foghorn/internal/weather"
)

// Set by the linker: -X main.version=… -X main.mark=…
var version, mark = "unknown", "nobody"

func main() {
	if len(os.Args) > 1 && os.Args[1] == "version" {
		os.Stdout.WriteString("foghorn " + version + ", marked by " + mark + "\n")
		return
	}
	os.Stdout.WriteString(blast.Sound(weather.Sight()) + "\n")
}
