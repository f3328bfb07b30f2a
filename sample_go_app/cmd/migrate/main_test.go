package main

import (
	"bytes"
	"strings"
	"testing"
)

func noEnv(string) string { return "" }

func TestListNeedsNoDatabase(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-list"}, noEnv, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "0001_releases\n") {
		t.Errorf("output = %s", out.String())
	}
}

func TestMigrateSaysThatTheURLIsMissing(t *testing.T) {
	err := run(t.Context(), nil, noEnv, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "DATABASE_URL") {
		t.Errorf("error = %v, want one that names DATABASE_URL", err)
	}
}
