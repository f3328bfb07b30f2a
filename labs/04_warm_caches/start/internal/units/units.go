// Package units has what all of the list is measured in.
package units

import "strconv"

const metresPerMile = 1852

// Miles is a distance in nautical miles.
type Miles float64

// Metres is it in metres.
func (m Miles) Metres() int { return int(m * metresPerMile) }

func (m Miles) String() string { return strconv.FormatFloat(float64(m), 'f', 1, 64) + " nm" }
