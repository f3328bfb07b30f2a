// Package notice has the latest notice to mariners.
package notice

import (
	"strings"

	"github.com/rivo/uniseg"
)

const latest = "Kungsgrundet is dark until further notice"

// Latest is the notice with a line below it.
func Latest() string {
	return latest + "\n" + strings.Repeat("~", uniseg.GraphemeClusterCount(latest))
}
