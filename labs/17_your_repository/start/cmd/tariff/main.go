// Command tariff prints today's prices.
package main

import (
	"os"

	"example.com/tariff/internal/report"
	"example.com/tariff/prices"
)

func main() { os.Stdout.WriteString(report.Set(prices.List)) }
