module example.com/bytes

go 1.26
