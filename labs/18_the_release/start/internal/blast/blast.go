// Package blast makes the sound.
package blast

import (
	"strings"

	"example.com/foghorn/internal/caps"
)

const tone = "Tüüt"

// Sound is what is heard when one can see that far, in metres.
func Sound(sight int) string {
	if sight > 1000 {
		return "silence"
	}
	return strings.Repeat(tone+" ", caps.Length(tone)/2)
}
