// Greeter says what its greeting says. It imports next to nothing, so that a cold build is quick.
package main

import "example.com/greeter/greeting"

func main() {
	println(greeting.Text("reader"))
}
