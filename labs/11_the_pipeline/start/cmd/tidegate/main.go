// Command tidegate says whether the gate is open.
package main

import (
	"example.com/tidegate/internal/gate"
	"example.com/tidegate/internal/water"
)

func main() { println(water.Name + ": " + gate.State(water.Height())) }
