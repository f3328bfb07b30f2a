// Command tide says when the water is high; `tide version` says which release it is.
package main

import (
	"os"

	"example.com/tide/internal/almanac"
)

// Set by the linker: -X main.version=… -X main.built=…
var (
	version = "unknown"
	built   = ""
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "version" {
		os.Stdout.WriteString("tide " + version + "\n")
		if built != "" {
			os.Stdout.WriteString("built " + built + "\n")
		}
		return
	}
	os.Stdout.WriteString(almanac.High())
}
