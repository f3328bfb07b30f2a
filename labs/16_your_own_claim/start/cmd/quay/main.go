// Command quay prints who lies where.
package main

import (
	"os"

	"example.com/quay/internal/berth"
	"example.com/quay/internal/crane"
)

const title = "today"

func main() { os.Stdout.WriteString(title + ": " + berth.Ship(1) + crane.Busy() + "\n") }
