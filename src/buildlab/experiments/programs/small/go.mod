module example.test/keys

go 1.26
