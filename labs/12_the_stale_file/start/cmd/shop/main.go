// Command shop prints the ship chandler's catalogue.
package main

import (
	"os"

	"example.com/shop/internal/catalogue"
)

const edition = "0c0ffee0"

func main() {
	os.Stdout.WriteString(catalogue.Text + "edition " + edition + "\n")
}
