package logging

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"

	"example.com/shipboard/internal/board"
)

func TestEveryLineIsJSONWithCommandAndVersion(t *testing.T) {
	var out bytes.Buffer
	log := New(&out, slog.LevelInfo, "server", "v1.2.3")
	log.Debug("below the level")
	log.Info("release recorded", Release(board.Release{Service: "checkout"}))

	var line struct {
		Msg, Command, Version string
		Release               struct{ Service string }
	}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("not one JSON object: %v\n%s", err, out.String())
	}
	if line.Msg != "release recorded" || line.Command != "server" || line.Version != "v1.2.3" || line.Release.Service != "checkout" {
		t.Errorf("line = %+v", line)
	}
}
