// Package config reads the service's settings from the environment.
package config

import (
	"fmt"
	"log/slog"
	"net"
	"strings"

	"example.com/shipboard/internal/board"
)

// Config holds every setting. FromEnv documents the variables and defaults.
type Config struct {
	Addr         string
	DatabaseURL  string // empty: keep releases in memory
	Environments []board.Environment
	CheckHosts   []string // hosts that /check may call
	APIToken     string   // empty: anyone may record releases
	LogLevel     slog.Level
	OTLPEndpoint string // empty: no traces are exported
}

// FromEnv reads the settings through getenv, usually os.Getenv.
func FromEnv(getenv func(string) string) (Config, error) {
	withDefault := func(name, fallback string) string {
		if v := getenv(name); v != "" {
			return v
		}
		return fallback
	}
	c := Config{
		Addr:         withDefault("ADDR", ":8080"),
		DatabaseURL:  getenv("DATABASE_URL"),
		CheckHosts:   list(withDefault("CHECK_HOSTS", "go.dev,pkg.go.dev")),
		APIToken:     getenv("API_TOKEN"),
		OTLPEndpoint: getenv("OTEL_EXPORTER_OTLP_ENDPOINT"),
	}
	for _, name := range list(withDefault("ENVIRONMENTS", "staging,production")) {
		c.Environments = append(c.Environments, board.Environment(name))
	}
	if _, _, err := net.SplitHostPort(c.Addr); err != nil {
		return Config{}, fmt.Errorf("ADDR: %w", err)
	}
	if err := c.LogLevel.UnmarshalText([]byte(withDefault("LOG_LEVEL", "info"))); err != nil {
		return Config{}, fmt.Errorf("LOG_LEVEL: %w", err)
	}
	return c, nil
}

// list splits a comma-separated setting and drops empty elements.
func list(s string) []string {
	var items []string
	for item := range strings.SplitSeq(s, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}
