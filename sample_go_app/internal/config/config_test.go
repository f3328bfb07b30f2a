package config

import (
	"log/slog"
	"slices"
	"strings"
	"testing"

	"example.com/shipboard/internal/board"
)

func env(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

func TestFromEnvNeedsNoVariable(t *testing.T) {
	c, err := FromEnv(env(nil))
	if err != nil {
		t.Fatal(err)
	}
	if c.Addr != ":8080" || c.DatabaseURL != "" || c.LogLevel != slog.LevelInfo {
		t.Errorf("defaults = %+v", c)
	}
}

func TestFromEnvReadsLists(t *testing.T) {
	c, err := FromEnv(env(map[string]string{"ENVIRONMENTS": "dev, eu-west ,,", "CHECK_HOSTS": "go.dev"}))
	if err != nil {
		t.Fatal(err)
	}
	if want := []board.Environment{"dev", "eu-west"}; !slices.Equal(c.Environments, want) {
		t.Errorf("Environments = %q, want %q", c.Environments, want)
	}
	if want := []string{"go.dev"}; !slices.Equal(c.CheckHosts, want) {
		t.Errorf("CheckHosts = %q, want %q", c.CheckHosts, want)
	}
}

func TestFromEnvNamesTheBadVariable(t *testing.T) {
	for name, value := range map[string]string{"ADDR": "8080", "LOG_LEVEL": "loud"} {
		_, err := FromEnv(env(map[string]string{name: value}))
		if err == nil || !strings.HasPrefix(err.Error(), name+":") {
			t.Errorf("%s=%s: error = %v, want one that names %s", name, value, err, name)
		}
	}
}
