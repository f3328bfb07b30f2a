package blast

import "testing"

func TestSound(t *testing.T) {
	if Sound(2000) != "silence" || Sound(40) == "silence" {
		t.Fatal("the horn blows in the wrong weather")
	}
}
