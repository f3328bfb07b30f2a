// Package boardtest holds the contract that every board.Store must keep.
package boardtest

import (
	"errors"
	"testing"
	"time"

	"example.com/shipboard/internal/board"
)

// Store runs the contract against an empty store.
func Store(t *testing.T, s board.Store) {
	t.Helper()
	ctx := t.Context()
	start := time.Date(2026, 3, 29, 0, 30, 0, 0, time.UTC)
	known := []board.Environment{"staging", "production"}

	var added []board.Release
	for i, d := range []board.Draft{
		{Service: "checkout", Environment: "staging", Version: "v1"},
		{Service: "checkout", Environment: "production", Version: "v1", Author: "ana"},
		{Service: "search", Environment: "production", Version: "v7"},
	} {
		r, err := d.Accept(known, start.Add(time.Duration(i)*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Add(ctx, r); err != nil {
			t.Fatalf("Add: %v", err)
		}
		added = append(added, r)
	}

	if err := s.Add(ctx, added[0]); !errors.Is(err, board.ErrDuplicate) {
		t.Errorf("Add of a known ID: error = %v, want ErrDuplicate", err)
	}
	if err := s.Ping(ctx); err != nil {
		t.Errorf("Ping: %v", err)
	}

	for _, tc := range []struct {
		name   string
		filter board.Filter
		want   []board.Release
	}{
		{"everything, newest first", board.Filter{}, []board.Release{added[2], added[1], added[0]}},
		{"one service", board.Filter{Service: "checkout"}, []board.Release{added[1], added[0]}},
		{"one environment, limited", board.Filter{Environment: "production", Limit: 1}, []board.Release{added[2]}},
		{"nothing", board.Filter{Service: "nobody"}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := s.List(ctx, tc.filter)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != len(tc.want) {
				t.Fatalf("got %d releases, want %d: %+v", len(got), len(tc.want), got)
			}
			for i := range got {
				if got[i] != tc.want[i] {
					t.Errorf("release %d = %+v, want %+v", i, got[i], tc.want[i])
				}
			}
		})
	}
}
