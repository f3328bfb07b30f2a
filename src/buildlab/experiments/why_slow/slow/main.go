package main

var commit string

const revision = 0

func main() { println("revision", revision, "of", commit) }
