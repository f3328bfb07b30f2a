// Command signpost prints where its arms point; `signpost version` says which release it is.
package main

import (
	"os"

	"example.com/signpost/internal/route"
)

// Set by the linker: -X main.version=…
var version = "unknown"

func main() {
	if len(os.Args) > 1 && os.Args[1] == "version" {
		os.Stdout.WriteString("signpost " + version + "\n")
		return
	}
	os.Stdout.WriteString(route.Board())
}
