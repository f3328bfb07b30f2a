module example.com/tollgate

go 1.26.0
