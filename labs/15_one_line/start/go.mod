module example.com/chime

go 1.26.0
