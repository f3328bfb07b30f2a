package tides

import (
	"os"
	"strings"
	"testing"
)

func TestTheForecastIsWhatWasSeen(t *testing.T) {
	seen, err := os.ReadFile("testdata/pier.csv")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(seen))
	for i, day := range From(len(lines)) {
		if got := day.Name + "," + day.High; got != lines[i] {
			t.Errorf("day %d: %s, want %s", i+1, got, lines[i])
		}
	}
}
