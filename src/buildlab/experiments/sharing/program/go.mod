module example.com/greeter

go 1.26.0

require github.com/rivo/uniseg v0.1.0
