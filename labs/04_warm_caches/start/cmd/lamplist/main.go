// Command lamplist prints the lights of a coast: where each stands and what it shows.
package main

import (
	"os"

	"example.com/lamplist/internal/bearing"
	"example.com/lamplist/internal/chart"
	"example.com/lamplist/internal/notice"
)

func main() {
	for _, light := range chart.Lights() {
		os.Stdout.WriteString(light.Name + "  " + bearing.To(light) + "\n")
	}
	os.Stdout.WriteString(notice.Latest() + "\n")
}
