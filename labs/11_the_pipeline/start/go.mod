module example.com/tidegate

go 1.26.0
