// Command bell prints how often the bell rings before each boat.
package main

import (
	"os"
	"strconv"

	"example.com/ferry/internal/timetable"
)

const rings = 3

func main() {
	for _, boat := range timetable.Today() {
		os.Stdout.WriteString(boat.To + ": " + strconv.Itoa(rings) + " rings\n")
	}
}
