// Command gates prints which gate opens for a ticket.
package main

import (
	"os"
	"strconv"

	"example.com/tramway/internal/stops"
)

const gates = 4

func main() {
	for i, stop := range stops.All() {
		os.Stdout.WriteString(stop + ": gate " + strconv.Itoa(i%gates+1) + "\n")
	}
}
