// Harbour is a small program with two dependencies, a core package and a leaf. It imports next to
// nothing else, so that a cold build is quick.
package main

import (
	"github.com/rivo/uniseg"
	"github.com/segmentio/fasthash/fnv1a"

	"example.com/harbour/internal/berth"
	"example.com/harbour/internal/cargo"
	"example.com/harbour/internal/crew"
	"example.com/harbour/internal/greeting"
	"example.com/harbour/internal/tide"
)

func main() {
	text := greeting.Text("Argo")
	println(text, greeting.Version, uniseg.GraphemeClusterCount(text), fnv1a.HashString64(text))
	println(berth.Berth(1), cargo.Cargo(1), crew.Crew(1), tide.Tide(1))
}
