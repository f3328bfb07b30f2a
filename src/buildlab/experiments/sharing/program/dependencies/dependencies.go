// Package dependencies imports what the program requires, and nothing of its own source.
package dependencies

import (
	_ "runtime" // in every program; nothing is linked here, so it has to be named

	_ "github.com/rivo/uniseg"
)
