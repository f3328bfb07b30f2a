// Command ferry prints when the next boats leave.
package main

import (
	"os"

	"example.com/ferry/internal/sign"
	"example.com/ferry/internal/timetable"
)

const greeting = "Boats of today"

func main() {
	os.Stdout.WriteString(sign.Framed(greeting))
	for _, boat := range timetable.Today() {
		os.Stdout.WriteString(boat.Leaves + "  " + boat.To + "  " + boat.Code() + "\n")
	}
}
