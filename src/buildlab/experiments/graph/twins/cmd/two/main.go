// Command two prints its name: what it costs to compile is what it imports.
package main

import "strconv"

func main() {
	println(strconv.Quote("two"))
}
