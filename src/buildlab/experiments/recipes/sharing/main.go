// Greeter says what its greeting says. It is small, so that a cold build of it is quick.
package main

import (
	"fmt"
	"os"

	"example.com/greeter/greeting"
)

func main() {
	text, err := greeting.Text("name: reader")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(text)
}
