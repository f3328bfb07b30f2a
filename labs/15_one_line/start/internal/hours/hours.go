// Package hours reads hours.
package hours

// Number is the hour that a text names, 0 for none.
func Number(text string) int {
	hour := 0
	for _, digit := range text {
		if digit < '0' || digit > '9' {
			return 0
		}
		hour = hour*10 + int(digit-'0')
	}
	return hour % 24
}
