package humanize

import (
	"testing"
	"time"
)

func TestAgo(t *testing.T) {
	now := time.Date(2026, 3, 29, 12, 0, 0, 0, time.UTC)
	for age, want := range map[time.Duration]string{
		-time.Minute:     "just now", // another machine's clock may be ahead
		30 * time.Second: "just now",
		50 * time.Second: "1 minute ago",
		59 * time.Minute: "59 minutes ago",
		90 * time.Minute: "1 hour ago",
		23 * time.Hour:   "23 hours ago",
		72 * time.Hour:   "3 days ago",
	} {
		if got := Ago(now.Add(-age), now); got != want {
			t.Errorf("%v: %q, want %q", age, got, want)
		}
	}
}
