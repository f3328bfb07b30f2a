// App needs one of the two modules that go.mod requires.
package main

import "github.com/rivo/uniseg"

func main() {
	println(uniseg.GraphemeClusterCount("a reader's characters"))
}
