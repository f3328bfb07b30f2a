// Command ferry says where the next ferry lands.
package main

import (
	"os"

	"example.com/ferry/internal/timetable"
	"git.harbour.test/fleet/berths.git"
)

func main() {
	os.Stdout.WriteString(timetable.Line("next ferry", berths.Free()))
}
