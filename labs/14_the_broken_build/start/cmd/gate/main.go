// Command gate keeps the gate; `gate check` says whether it does.
package main

import (
	"os"
	"time"
)

const open = "/tmp/gate-open"

func main() {
	if len(os.Args) > 1 && os.Args[1] == "check" {
		if _, err := os.Stat(open); err != nil {
			println("the gate is shut")
			os.Exit(1)
		}
		return
	}
	if err := os.WriteFile(open, nil, 0o600); err != nil {
		println(err.Error())
		os.Exit(1)
	}
	println("the gate is open")
	for {
		time.Sleep(time.Hour)
	}
}
