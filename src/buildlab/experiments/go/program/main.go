// hello says which version it is, and what its dependencies say.
package main

import (
	"fmt"

	"example.test/dep"
	"example.test/other"
)

var version = "dev"

func main() {
	fmt.Println("version", version, "dep", dep.Version, "other", other.Version)
}
