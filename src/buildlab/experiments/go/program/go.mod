module example.test/hello

go 1.26

require (
	example.test/dep v1.0.0
	example.test/other v1.0.0
)
