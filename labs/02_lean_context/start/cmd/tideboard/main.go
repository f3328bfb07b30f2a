// Command tideboard prints the board at the pier: today's tides, or those of a week.
package main

import (
	"os"

	"example.com/tideboard/internal/board"
	"example.com/tideboard/internal/tides"
)

func main() {
	name, days := "today", 1
	if len(os.Args) > 1 && os.Args[1] == "week" {
		name, days = "week", 7
	}
	if err := board.Write(os.Stdout, name, tides.From(days)); err != nil {
		os.Stderr.WriteString("tideboard: " + err.Error() + "\n")
		os.Exit(1)
	}
}
