// Package sign frames words.
package sign

import "strings"

// Framed is a text with a line below it.
func Framed(text string) string {
	return text + "\n" + strings.Repeat("-", len(text)) + "\n"
}
