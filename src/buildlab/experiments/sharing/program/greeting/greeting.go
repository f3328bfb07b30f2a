// Package greeting makes a text for a name.
package greeting

import "github.com/rivo/uniseg"

const (
	edition = "first edition"
	// What a reader takes for one character may be many bytes.
	longest = 20
)

// Text greets who is named.
func Text(name string) string {
	if uniseg.GraphemeClusterCount(name) > longest {
		return "Hello, whoever you are (" + edition + ")"
	}
	return "Hello, " + name + " (" + edition + ")"
}
