module example.com/ferry

go 1.26.0

require (
	git.harbour.test/fleet/berths.git v1.2.0
	github.com/rivo/uniseg v0.1.0
)
