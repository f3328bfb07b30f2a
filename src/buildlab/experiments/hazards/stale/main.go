// Stale says what one package of it says.
package main

import "example.com/stale/word"

func main() { println(word.Of()) }
