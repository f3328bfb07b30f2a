module example.com/harbourworks

go 1.26.0
