module example.com/quay

go 1.26.0
