// Probe does one thing that an image may lack the means for.
package main

import (
	"fmt"
	"net"
	"os"
	"time"
)

func main() {
	switch os.Args[1] {
	case "zone":
		zone, err := time.LoadLocation("Asia/Kolkata")
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(zone)
	case "lookup":
		fmt.Println(net.ParseIP("127.0.0.1"))
	case "panic":
		fail(0)
	}
}

//go:noinline
func fail(divisor int) {
	fmt.Println(1 / divisor)
}
