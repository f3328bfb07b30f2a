// App needs one of the two modules that go.mod requires.
package main

import "github.com/google/uuid"

func main() {
	println(uuid.NewString())
}
