// Package lamp knows when the lamp is lit, in the time of its place.
package lamp

import "time"

// Clock is the time at that place, with its distance from UTC.
func Clock(zone string) (string, error) {
	place, err := time.LoadLocation(zone)
	if err != nil {
		return "", err
	}
	return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).In(place).Format("15:04 -0700"), nil
}
