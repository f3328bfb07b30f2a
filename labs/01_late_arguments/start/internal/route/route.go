// Package route knows where the signpost stands, and where its arms point.
package route

import (
	"strings"

	"github.com/rivo/uniseg"
)

var arms = []string{"Süßsee 4 km", "Ålesund 12 km", "Zürich 310 km"}

// Board is the signpost as text: one arm a line, all of one width.
func Board() string {
	width := 0
	for _, arm := range arms {
		width = max(width, uniseg.GraphemeClusterCount(arm))
	}
	var board strings.Builder
	for _, arm := range arms {
		board.WriteString(arm)
		board.WriteString(strings.Repeat(" ", width-uniseg.GraphemeClusterCount(arm)))
		board.WriteString(" >\n")
	}
	return board.String()
}
