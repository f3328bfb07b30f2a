// Package postgres is a board.Store in PostgreSQL, and the migrations of its
// schema.
package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/shipboard/internal/board"
)

// uniqueViolation is PostgreSQL's code for a key that exists already.
const uniqueViolation = "23505"

// Store keeps releases in a database.
type Store struct{ pool *pgxpool.Pool }

var _ board.Store = (*Store)(nil)

// Open prepares a pool. It does not wait for the database: Ping reports whether
// it can be reached.
func Open(ctx context.Context, url string) (*Store, error) {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	return &Store{pool: pool}, nil
}

// Close waits for queries that run and closes the connections.
func (s *Store) Close() { s.pool.Close() }

// Ping implements board.Store.
func (s *Store) Ping(ctx context.Context) error { return s.pool.Ping(ctx) }

// Add implements board.Store.
func (s *Store) Add(ctx context.Context, r board.Release) error {
	_, err := s.pool.Exec(ctx, `
		INSERT INTO releases (id, service, environment, version, author, deployed_at)
		VALUES ($1, $2, $3, $4, $5, $6)`,
		r.ID, r.Service, r.Environment, r.Version, r.Author, r.DeployedAt)
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && pgErr.Code == uniqueViolation {
		return board.ErrDuplicate
	}
	return err
}

// List implements board.Store.
func (s *Store) List(ctx context.Context, f board.Filter) ([]board.Release, error) {
	var limit *int // NULL: no limit
	if f.Limit > 0 {
		limit = &f.Limit
	}
	rows, err := s.pool.Query(ctx, `
		SELECT id, service, environment, version, author, deployed_at
		FROM releases
		WHERE ($1 = '' OR service = $1) AND ($2 = '' OR environment = $2)
		ORDER BY deployed_at DESC
		LIMIT $3`,
		f.Service, string(f.Environment), limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (board.Release, error) {
		var r board.Release
		err := row.Scan(&r.ID, &r.Service, &r.Environment, &r.Version, &r.Author, &r.DeployedAt)
		r.DeployedAt = r.DeployedAt.UTC()
		return r, err
	})
}
