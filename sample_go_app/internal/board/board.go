// Package board is the domain: which version of which service runs in which
// environment. It imports nothing of this module, and nearly every other
// package imports it.
package board

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Limits of what the board accepts.
const (
	maxNameLength    = 63 // as a DNS label: services are often named after one
	maxVersionLength = 128
)

// ErrDuplicate is returned by a Store that already holds a release with the same ID.
var ErrDuplicate = errors.New("release is already recorded")

// Environment is a place that releases are deployed to, such as "production".
type Environment string

// Release is one deployment of one version of a service.
type Release struct {
	ID          uuid.UUID   `json:"id"`
	Service     string      `json:"service"`
	Environment Environment `json:"environment"`
	Version     string      `json:"version"`
	Author      string      `json:"author,omitempty"`
	DeployedAt  time.Time   `json:"deployed_at"`
}

// Draft is what a deployment pipeline announces; Accept makes a Release of it.
type Draft struct {
	Service     string      `json:"service"`
	Environment Environment `json:"environment"`
	Version     string      `json:"version"`
	Author      string      `json:"author"`
}

// InvalidError says what is wrong with a draft, by field.
type InvalidError map[string]string

func (e InvalidError) Error() string {
	problems := make([]string, 0, len(e))
	for _, field := range slices.Sorted(maps.Keys(e)) {
		problems = append(problems, field+" "+e[field])
	}
	return "invalid release: " + strings.Join(problems, ", ")
}

// Accept validates the draft against the known environments and gives it an ID
// that sorts by time.
func (d Draft) Accept(known []Environment, now time.Time) (Release, error) {
	invalid := InvalidError{}
	switch {
	case d.Service == "":
		invalid["service"] = "is required"
	case len(d.Service) > maxNameLength:
		invalid["service"] = fmt.Sprintf("is longer than %d bytes", maxNameLength)
	}
	switch {
	case d.Version == "":
		invalid["version"] = "is required"
	case len(d.Version) > maxVersionLength:
		invalid["version"] = fmt.Sprintf("is longer than %d bytes", maxVersionLength)
	}
	if !slices.Contains(known, d.Environment) {
		invalid["environment"] = fmt.Sprintf("must be one of %v", known)
	}
	if len(invalid) > 0 {
		return Release{}, invalid
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Release{}, fmt.Errorf("new release id: %w", err)
	}
	return Release{
		ID:          id,
		Service:     d.Service,
		Environment: d.Environment,
		Version:     d.Version,
		Author:      d.Author,
		// Postgres keeps microseconds; no store may return less than it was given.
		DeployedAt: now.UTC().Truncate(time.Microsecond),
	}, nil
}

// Filter narrows a list of releases. The zero value selects all of them.
type Filter struct {
	Service     string
	Environment Environment
	Limit       int // 0: no limit
}

// Matches reports whether the filter selects r, its limit aside.
func (f Filter) Matches(r Release) bool {
	return (f.Service == "" || f.Service == r.Service) &&
		(f.Environment == "" || f.Environment == r.Environment)
}

// Store keeps releases.
type Store interface {
	// Add records r, or returns ErrDuplicate.
	Add(ctx context.Context, r Release) error
	// List returns the selected releases, newest first.
	List(ctx context.Context, f Filter) ([]Release, error)
	// Ping reports whether the store can serve requests now.
	Ping(ctx context.Context) error
}

// Current keeps the newest release of each service in each environment, sorted
// by service, then environment.
func Current(releases []Release) []Release {
	type place struct {
		service     string
		environment Environment
	}
	newest := make(map[place]Release)
	for _, r := range releases {
		at := place{r.Service, r.Environment}
		if seen, ok := newest[at]; !ok || r.DeployedAt.After(seen.DeployedAt) {
			newest[at] = r
		}
	}
	return slices.SortedFunc(maps.Values(newest), func(a, b Release) int {
		if c := strings.Compare(a.Service, b.Service); c != 0 {
			return c
		}
		return strings.Compare(string(a.Environment), string(b.Environment))
	})
}
