package board

import (
	"errors"
	"strings"
	"testing"
	"time"
)

var known = []Environment{"staging", "production"}

func TestAcceptGivesAnIDAndKeepsTheFields(t *testing.T) {
	now := time.Date(2026, 3, 29, 1, 30, 0, 123456789, time.FixedZone("WET", 0))
	r, err := Draft{Service: "checkout", Environment: "production", Version: "v1.4.0", Author: "ana"}.Accept(known, now)
	if err != nil {
		t.Fatal(err)
	}
	if r.ID.Version() != 7 {
		t.Errorf("ID version = %v, want 7", r.ID.Version())
	}
	if r.Service != "checkout" || r.Environment != "production" || r.Version != "v1.4.0" || r.Author != "ana" {
		t.Errorf("fields were not kept: %+v", r)
	}
	if r.DeployedAt.Location() != time.UTC || r.DeployedAt.Nanosecond()%1000 != 0 {
		t.Errorf("DeployedAt = %v, want UTC in microseconds", r.DeployedAt)
	}
}

func TestAcceptNamesEveryInvalidField(t *testing.T) {
	_, err := Draft{Service: strings.Repeat("s", 64), Environment: "moon"}.Accept(known, time.Now())
	var invalid InvalidError
	if !errors.As(err, &invalid) {
		t.Fatalf("error = %v, want an InvalidError", err)
	}
	for _, field := range []string{"service", "version", "environment"} {
		if invalid[field] == "" {
			t.Errorf("no problem reported for %s: %v", field, err)
		}
	}
}

func TestCurrentKeepsTheNewestPerServiceAndEnvironment(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2026, 3, 29, 1, minute, 0, 0, time.UTC) }
	got := Current([]Release{
		{Service: "search", Environment: "production", Version: "v2", DeployedAt: at(2)},
		{Service: "checkout", Environment: "staging", Version: "v9", DeployedAt: at(3)},
		{Service: "search", Environment: "production", Version: "v1", DeployedAt: at(1)},
	})
	if len(got) != 2 || got[0].Version != "v9" || got[1].Version != "v2" {
		t.Errorf("Current = %+v, want checkout v9 and search v2", got)
	}
}
