// Package prices holds today's price list, which the desk edits several times a day.
package prices

import _ "embed"

// List has a line for each price: what, a comma, and the price in cents.
//
//go:embed today.csv
var List string
