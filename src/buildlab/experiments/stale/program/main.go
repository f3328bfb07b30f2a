package main

func main() { println("built by SALT") }
