module example.com/lamplist

go 1.26.0

require (
	github.com/rivo/uniseg v0.1.0
	github.com/segmentio/fasthash v1.0.3
)
