module example.com/attested

go 1.26

require (
	github.com/go-chi/chi/v5 v5.4.0
	github.com/rivo/uniseg v0.1.0
)
