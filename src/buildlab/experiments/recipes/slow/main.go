package main

import "fmt"

var commit string

const revision = 0

func main() { fmt.Println("revision", revision, "of", commit) }
