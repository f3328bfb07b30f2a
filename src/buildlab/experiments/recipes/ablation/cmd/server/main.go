// Server answers with one line; with -healthcheck it asks itself.
package main

import (
	"flag"
	"fmt"
	"net/http"
	"os"

	"github.com/google/uuid"

	"example.com/pier/internal/hello"
)

var version = "unset"

func main() {
	check := flag.Bool("healthcheck", false, "ask the server that runs here")
	flag.Parse()
	if *check {
		answer, err := http.Get("http://127.0.0.1:8080/")
		if err != nil || answer.StatusCode != http.StatusOK {
			os.Exit(1)
		}
		return
	}
	id := uuid.NewString()
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, hello.Line, version, id)
	})
	if err := http.ListenAndServe(":8080", nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
