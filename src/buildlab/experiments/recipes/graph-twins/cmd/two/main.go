// Command two prints its name: what it costs to compile is what it imports.
package main

import "fmt"

func main() {
	fmt.Println("two")
}
