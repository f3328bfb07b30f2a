// Package tidetable knows when the water is high.
package tidetable

// Station is where the table was made.
const Station = "quay"

// High are today's high waters, in minutes since midnight.
func High() []int { return []int{254, 1001} }
