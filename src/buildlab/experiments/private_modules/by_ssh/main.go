package main

import "git.example.test/team/greet.git"

func main() { println(greet.Text()) }
