package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestVersionFlag(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-version"}, noEnv, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), `"version":"dev"`) {
		t.Errorf("output = %s", out.String())
	}
}

func TestServerServesUntilItIsStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	logs, out := io.Pipe()
	finished := make(chan error, 1)
	go func() {
		finished <- run(ctx, []string{"-demo"}, loopback, out)
		out.Close()
	}()

	lines := bufio.NewScanner(logs)
	if !lines.Scan() {
		t.Fatalf("the server ended: %v", <-finished)
	}
	var ready struct{ Msg, Addr string }
	if err := json.Unmarshal(lines.Bytes(), &ready); err != nil || ready.Msg != "listening" {
		t.Fatalf("first line = %s, error %v", lines.Text(), err)
	}
	go func() { _, _ = io.Copy(io.Discard, logs) }()

	for path, want := range map[string]string{
		"/":                 "checkout",
		"/static/board.css": "--accent",
		"/healthz":          "ok",
		"/version":          "dev",
		"/api/releases":     "v1.4.0",
		"/metrics":          "shipboard_build_info",
	} {
		resp, err := http.Get("http://" + ready.Addr + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(body), want) {
			t.Errorf("%s: %s, error %v, want %q in\n%s", path, resp.Status, err, want, body)
		}
	}
	asked := func(name string) string {
		if name == "ADDR" {
			return ready.Addr
		}
		return ""
	}
	if err := run(t.Context(), []string{"-healthcheck"}, asked, io.Discard); err != nil {
		t.Errorf("-healthcheck: %v", err)
	}

	cancel()
	if err := <-finished; err != nil {
		t.Errorf("after the stop: %v", err)
	}
}

func noEnv(string) string { return "" }

// loopback lets the kernel choose a free port.
func loopback(name string) string {
	if name == "ADDR" {
		return "127.0.0.1:0"
	}
	return ""
}
