// Package tides knows when the water is high: each day 50 minutes later than on the day before.
package tides

const (
	firstHigh = 6*60 + 12
	dayLater  = 50
	halfTide  = 6*60 + 12
)

// Day is one day's tides.
type Day struct {
	Name      string
	High, Low string
}

var names = []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}

// From gives so many days, from a Monday on.
func From(days int) []Day {
	made := make([]Day, 0, days)
	for i := range days {
		high := firstHigh + i*dayLater
		made = append(made, Day{names[i%len(names)], clock(high), clock(high + halfTide)})
	}
	return made
}

// clock is a number of minutes as 06:12.
func clock(minutes int) string {
	minutes %= 24 * 60
	two := func(n int) string { return string([]byte{byte('0' + n/10), byte('0' + n%10)}) }
	return two(minutes/60) + ":" + two(minutes%60)
}
