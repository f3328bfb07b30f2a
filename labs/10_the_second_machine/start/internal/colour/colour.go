// Package colour knows the colour of a light.
package colour

import "github.com/cespare/xxhash/v2"

var all = []string{"red", "green", "white"}

// Of a name: always the same.
func Of(name string) string {
	return all[xxhash.Sum64String(name)%uint64(len(all))]
}
