package board

import (
	"strings"
	"testing"

	"example.com/tideboard/internal/tides"
)

func TestEveryDayIsOnTheBoard(t *testing.T) {
	var out strings.Builder
	if err := Write(&out, "week", tides.From(7)); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(out.String(), "high"); lines != 7 {
		t.Errorf("the board has %d days, want 7", lines)
	}
}
