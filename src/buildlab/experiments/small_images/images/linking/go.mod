module example.com/linking

go 1.26
