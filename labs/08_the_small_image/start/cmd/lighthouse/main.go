// Command lighthouse serves the state of its lamp. It has a few words more:
//
//	lighthouse version      which release it is
//	lighthouse clock ZONE   the time at a place
//	lighthouse call URL     ask a server of the company
//	lighthouse health       ask the lighthouse that runs here; an error where it is dark
package main

import (
	"net/http"
	"os"
	"time"

	"example.com/lighthouse/internal/lamp"
)

// Set by the linker: -X main.version=…
var version = "unknown"

const address = "127.0.0.1:8080"

func main() {
	word, argument := "serve", ""
	if len(os.Args) > 1 {
		word = os.Args[1]
	}
	if len(os.Args) > 2 {
		argument = os.Args[2]
	}
	switch word {
	case "serve":
		end(serve())
	case "version":
		os.Stdout.WriteString("lighthouse " + version + "\n")
	case "clock":
		text, err := lamp.Clock(argument)
		end(err)
		os.Stdout.WriteString(text + "\n")
	case "call":
		end(get(argument))
		os.Stdout.WriteString("answered\n")
	case "health":
		end(get("http://" + address + "/healthz"))
	}
}

func serve() error {
	dark := os.Getenv("LIGHTHOUSE_DARK") != ""
	http.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		if dark {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	return http.ListenAndServe(address, nil)
}

func get(url string) error {
	client := http.Client{Timeout: 5 * time.Second}
	answer, err := client.Get(url)
	if err != nil {
		return err
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return &status{answer.Status}
	}
	return nil
}

type status struct{ text string }

func (s *status) Error() string { return s.text }

func end(err error) {
	if err != nil {
		os.Stderr.WriteString("lighthouse: " + err.Error() + "\n")
		os.Exit(1)
	}
}
