module example.com/beacon

go 1.26.0

require (
	github.com/cespare/xxhash/v2 v2.3.0
	github.com/rivo/uniseg v0.1.0
)
