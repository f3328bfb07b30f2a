// Command bell strikes the hour.
package main

import "example.com/harbourworks/internal/clock"

func main() { println("the bell strikes at " + clock.Text(720)) }
