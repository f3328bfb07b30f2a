// Harbour is a small program with two dependencies, a core package and a leaf.
package main

import (
	"fmt"

	"github.com/cespare/xxhash/v2"
	"golang.org/x/text/unicode/norm"

	"example.com/harbour/internal/berth"
	"example.com/harbour/internal/cargo"
	"example.com/harbour/internal/crew"
	"example.com/harbour/internal/greeting"
	"example.com/harbour/internal/tide"
)

func main() {
	text := norm.NFC.String(greeting.Text("Argo"))
	fmt.Println(text, greeting.Version, xxhash.Sum64String(text))
	fmt.Println(berth.Berth(1), cargo.Cargo(1), crew.Crew(1), tide.Tide(1))
}
