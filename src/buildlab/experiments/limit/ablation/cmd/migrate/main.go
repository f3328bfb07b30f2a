// Migrate stands for a second program of the same module.
package main

import (
	"fmt"

	"example.com/pier/internal/hello"
)

var version = "unset"

func main() { fmt.Println("migrated", hello.Line, version) }
