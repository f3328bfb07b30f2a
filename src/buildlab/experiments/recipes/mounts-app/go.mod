module example.com/harbour

go 1.26.0

require (
	github.com/cespare/xxhash/v2 v2.2.0
	golang.org/x/text v0.42.0
)
