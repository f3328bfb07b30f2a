// Server says one line to whoever connects; with -healthcheck it connects to itself.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"

	"github.com/cespare/xxhash/v2"

	"example.com/pier/internal/hello"
)

var version = "unset"

func main() {
	check := flag.Bool("healthcheck", false, "ask the server that runs here")
	flag.Parse()
	if *check {
		if _, err := net.Dial("tcp", "localhost:8080"); err != nil {
			os.Exit(1)
		}
		return
	}
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve() error {
	listener, err := net.Listen("tcp", ":8080")
	if err != nil {
		return err
	}
	sum := xxhash.Sum64String(hello.Line)
	for {
		caller, err := listener.Accept()
		if err != nil {
			return err
		}
		fmt.Fprintf(caller, "%s %s %x\n", hello.Line, version, sum)
		caller.Close()
	}
}
