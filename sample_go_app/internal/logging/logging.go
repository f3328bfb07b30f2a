// Package logging sets up structured logs: one JSON object a line, as container
// platforms collect them.
package logging

import (
	"io"
	"log/slog"

	"example.com/shipboard/internal/board"
)

// New returns a logger whose every line carries the command and its version.
func New(w io.Writer, level slog.Level, command, version string) *slog.Logger {
	handler := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})
	return slog.New(handler).With("command", command, "version", version)
}

// Release is how a release appears in a log line.
func Release(r board.Release) slog.Attr {
	return slog.Group("release",
		"id", r.ID.String(),
		"service", r.Service,
		"environment", string(r.Environment),
		"version", r.Version,
	)
}
