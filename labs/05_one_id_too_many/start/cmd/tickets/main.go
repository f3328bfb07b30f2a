// Command tickets prints what a ride costs.
package main

import (
	"os"
	"strconv"

	"example.com/tramway/internal/fares"
	"example.com/tramway/internal/stops"
)

const currency = "SEK"

func main() {
	for _, stop := range stops.All() {
		os.Stdout.WriteString(stop + "  " + strconv.Itoa(fares.To(stop)) + " " + currency + "\n")
	}
}
