// Command keys prints the public keys of those who may release.
package main

import "os"

func main() {
	keys, err := os.ReadFile("/release.pub")
	if err != nil {
		println(err.Error())
		os.Exit(1)
	}
	os.Stdout.Write(keys)
}
