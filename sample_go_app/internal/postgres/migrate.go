package postgres

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"github.com/jackc/pgx/v5"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrationLock keeps two migrating processes apart; any constant would do.
const migrationLock = 7_391_402

// Migration is one step of the schema's history.
type Migration struct {
	Name string
	SQL  string
}

// Migrations lists the embedded migrations in the order they apply in.
func Migrations() ([]Migration, error) {
	names, err := fs.Glob(migrations, "migrations/*.sql") // sorted by name
	if err != nil {
		return nil, err
	}
	var all []Migration
	for _, name := range names {
		sql, err := migrations.ReadFile(name)
		if err != nil {
			return nil, err
		}
		name = strings.TrimSuffix(strings.TrimPrefix(name, "migrations/"), ".sql")
		all = append(all, Migration{Name: name, SQL: string(sql)})
	}
	return all, nil
}

// Migrate applies the pending migrations in one transaction and returns their
// names. Several processes may call it at once.
func (s *Store) Migrate(ctx context.Context) (applied []string, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", migrationLock); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `CREATE TABLE IF NOT EXISTS shipboard_migrations (
			name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())`)
		if err != nil {
			return err
		}
		pending, err := pending(ctx, tx)
		if err != nil {
			return err
		}
		for _, m := range pending {
			if _, err := tx.Exec(ctx, m.SQL); err != nil {
				return fmt.Errorf("migration %s: %w", m.Name, err)
			}
			if _, err := tx.Exec(ctx, "INSERT INTO shipboard_migrations (name) VALUES ($1)", m.Name); err != nil {
				return err
			}
			applied = append(applied, m.Name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return applied, nil
}

func pending(ctx context.Context, tx pgx.Tx) ([]Migration, error) {
	rows, err := tx.Query(ctx, "SELECT name FROM shipboard_migrations")
	if err != nil {
		return nil, err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	done := make(map[string]bool)
	for _, name := range names {
		done[name] = true
	}
	all, err := Migrations()
	if err != nil {
		return nil, err
	}
	var todo []Migration
	for _, m := range all {
		if !done[m.Name] {
			todo = append(todo, m)
		}
	}
	return todo, nil
}
