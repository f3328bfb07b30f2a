module example.com/tramway

go 1.26.0

require (
	github.com/rivo/uniseg v0.2.0
	github.com/segmentio/fasthash v1.0.3
)
