// Package clock writes hours as people on a quay read them.
package clock

// Text is a time of day, given in minutes since midnight: 65 is "1:05".
func Text(minutes int) string {
	return number(minutes/60%24) + ":" + string(rune('0'+minutes/10%6)) + string(rune('0'+minutes%10))
}

func number(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return number(n/10) + string(rune('0'+n%10))
}
