// Package report sets a price list.
package report

import (
	"strings"

	"example.com/tariff/internal/money"
	"example.com/tariff/internal/width"
)

const heading = "Tariff"

// Set is the list as it is printed.
func Set(list string) string {
	out := heading + "\n" + strings.Repeat("=", width.Of(heading)) + "\n"
	for line := range strings.Lines(list) {
		what, cents, _ := strings.Cut(strings.TrimSpace(line), ",")
		out += what + ": " + money.Text(cents) + "\n"
	}
	return out
}
