// Package humanize words durations for people. It is a leaf: it imports only
// the standard library, and only package web imports it.
package humanize

import (
	"fmt"
	"time"
)

// justNowSeconds is the age below which seconds are not worth counting.
const justNowSeconds = 45

// Ago words the time between then and now, in its largest whole unit.
func Ago(then, now time.Time) string {
	age := now.Sub(then)
	switch {
	case age < justNowSeconds*time.Second:
		return "just now"
	case age < time.Hour:
		return count(int(max(age, time.Minute)/time.Minute), "minute")
	case age < 24*time.Hour:
		return count(int(age/time.Hour), "hour")
	default:
		return count(int(age/(24*time.Hour)), "day")
	}
}

func count(n int, unit string) string {
	if n == 1 {
		return fmt.Sprintf("1 %s ago", unit)
	}
	return fmt.Sprintf("%d %ss ago", n, unit)
}
