// Package bearing says where a light is seen.
package bearing

import (
	"strconv"

	"github.com/segmentio/fasthash/fnv1a"

	"example.com/lamplist/internal/chart"
	"example.com/lamplist/internal/units"
)

const seenFrom = units.Miles(20)

// To is the bearing and the distance, and a number that tells lights apart.
func To(light chart.Light) string {
	number := strconv.FormatUint(uint64(fnv1a.HashString32(light.Name)%1000), 10)
	if light.Away > seenFrom {
		return "too far"
	}
	return strconv.Itoa(light.Point*45) + "°, " + light.Away.String() + ", no. " + number
}
