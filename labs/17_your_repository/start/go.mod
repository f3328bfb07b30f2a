module example.com/tariff

go 1.26.0

require github.com/rivo/uniseg v0.1.0
