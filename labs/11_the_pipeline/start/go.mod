module example.com/tidegate

go 1.26.0

require github.com/rivo/uniseg v0.1.0
