// Command sign says by which key this release was marked.
package main

// Set by the linker: -X main.mark=…
var mark string

func main() { println("marked by " + mark) }
