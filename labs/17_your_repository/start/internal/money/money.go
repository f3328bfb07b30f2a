// Package money writes amounts.
package money

const currency = "EUR"

// Text is an amount of cents, as it is printed: "1250" is "1250 ct (EUR)".
func Text(cents string) string { return cents + " ct (" + currency + ")" }
