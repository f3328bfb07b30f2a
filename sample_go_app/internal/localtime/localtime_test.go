package localtime

import (
	"errors"
	"testing"
	"time"
)

func TestZoneLoadsDaylightSaving(t *testing.T) {
	if err := Database(); err != nil {
		t.Skip(err)
	}
	lisbon, err := Zone("Europe/Lisbon")
	if err != nil {
		t.Fatal(err)
	}
	summer := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC).In(lisbon)
	if summer.Hour() != 13 {
		t.Errorf("12:00 UTC in July is %v, want 13:00", summer)
	}
}

func TestZoneSaysWhyItFailed(t *testing.T) {
	want := ErrUnknownZone
	if Database() != nil {
		want = ErrNoDatabase
	}
	if _, err := Zone("Europe/Atlantis"); !errors.Is(err, want) {
		t.Errorf("error = %v, want %v", err, want)
	}
}
