package memory

import (
	"testing"
	"time"

	"example.com/shipboard/internal/board"
	"example.com/shipboard/internal/board/boardtest"
)

func TestStoreKeepsTheContract(t *testing.T) {
	boardtest.Store(t, &Store{})
}

func TestDemoFillsEveryEnvironment(t *testing.T) {
	s := Demo(time.Now(), []board.Environment{"staging", "production"})
	releases, err := s.List(t.Context(), board.Filter{Environment: "production"})
	if err != nil || len(releases) != 3 {
		t.Errorf("got %d releases, error %v; want 3", len(releases), err)
	}
}
