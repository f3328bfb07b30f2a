module example.test/hello

go 1.27

require git.example.test/team/greet.git v1.2.0
