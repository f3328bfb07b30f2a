// Package catalogue embeds the catalogue, which build.sh makes of products.csv.
package catalogue

import _ "embed"

// Text is the catalogue, a line a product.
//
//go:embed catalogue.txt
var Text string
