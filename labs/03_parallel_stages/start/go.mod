module example.com/ferry

go 1.26.0

require github.com/segmentio/fasthash v1.0.3
