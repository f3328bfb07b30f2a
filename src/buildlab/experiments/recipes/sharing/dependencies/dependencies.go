// Package dependencies imports what the program requires, and nothing of its own source.
package dependencies

import (
	_ "fmt"
	_ "os"

	_ "gopkg.in/yaml.v3"
)
