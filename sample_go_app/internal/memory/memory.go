// Package memory is a board.Store that forgets when the process ends. It is the
// default, so that the service runs with nothing beside it.
package memory

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"example.com/shipboard/internal/board"
)

// Store keeps releases in a map. The zero value is empty and ready to use.
type Store struct {
	mu       sync.RWMutex
	releases map[uuid.UUID]board.Release
}

var _ board.Store = (*Store)(nil)

// Add implements board.Store.
func (s *Store) Add(_ context.Context, r board.Release) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.releases[r.ID]; ok {
		return board.ErrDuplicate
	}
	if s.releases == nil {
		s.releases = make(map[uuid.UUID]board.Release)
	}
	s.releases[r.ID] = r
	return nil
}

// List implements board.Store.
func (s *Store) List(_ context.Context, f board.Filter) ([]board.Release, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var selected []board.Release
	for _, r := range s.releases {
		if f.Matches(r) {
			selected = append(selected, r)
		}
	}
	slices.SortFunc(selected, func(a, b board.Release) int { return b.DeployedAt.Compare(a.DeployedAt) })
	if f.Limit > 0 && len(selected) > f.Limit {
		selected = selected[:f.Limit]
	}
	return selected, nil
}

// Ping implements board.Store.
func (s *Store) Ping(context.Context) error { return nil }

// Demo returns a store with a few releases before now, to look at.
func Demo(now time.Time, environments []board.Environment) *Store {
	s := &Store{releases: make(map[uuid.UUID]board.Release)}
	age := 20 * time.Second
	for _, service := range []string{"search", "payments", "checkout"} {
		for _, environment := range environments {
			id := uuid.New()
			s.releases[id] = board.Release{
				ID: id, Service: service, Environment: environment, Version: "v1.4.0", Author: "demo",
				DeployedAt: now.Add(-age).UTC().Truncate(time.Second),
			}
			age *= 6
		}
	}
	return s
}
