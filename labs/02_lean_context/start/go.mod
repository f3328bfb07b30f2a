module example.com/tideboard

go 1.26.0
