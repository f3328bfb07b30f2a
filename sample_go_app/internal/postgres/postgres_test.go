package postgres

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"example.com/shipboard/internal/board/boardtest"
)

func TestMigrationsAreNumberedWithoutGaps(t *testing.T) {
	all, err := Migrations()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("no migration is embedded")
	}
	for i, m := range all {
		if want := fmt.Sprintf("%04d_", i+1); !strings.HasPrefix(m.Name, want) {
			t.Errorf("migration %d is %s, want prefix %s", i+1, m.Name, want)
		}
	}
}

// TestStoreKeepsTheContract needs a database that it may change:
// TEST_DATABASE_URL=postgres://… go test ./internal/postgres
func TestStoreKeepsTheContract(t *testing.T) {
	url := os.Getenv("TEST_DATABASE_URL")
	if url == "" {
		t.Skip("TEST_DATABASE_URL is not set")
	}
	s, err := Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	again, err := s.Migrate(t.Context())
	if err != nil || len(again) > 0 {
		t.Errorf("second Migrate applied %v, error %v; want nothing", again, err)
	}
	if _, err := s.pool.Exec(t.Context(), "TRUNCATE releases"); err != nil {
		t.Fatal(err)
	}
	boardtest.Store(t, s)
}
