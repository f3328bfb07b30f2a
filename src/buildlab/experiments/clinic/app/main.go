package main

func main() { println("served by @SALT@") }
