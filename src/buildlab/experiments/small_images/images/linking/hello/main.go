// Hello needs nothing that could be linked to C.
package main

import "fmt"

func main() {
	fmt.Println("hello")
}
