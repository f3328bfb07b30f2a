// Command chime prints what the bells strike at an hour.
package main

import (
	"os"

	"example.com/chime/internal/bells"
	"example.com/chime/internal/hours"
)

func main() {
	hour := "12"
	if len(os.Args) > 1 {
		hour = os.Args[1]
	}
	os.Stdout.WriteString(bells.Strike(hours.Number(hour)) + "\n")
}
