// Migrate brings the database's schema up to date. It runs before the server of
// the same version: DATABASE_URL=postgres://… migrate.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"example.com/shipboard/internal/config"
	"example.com/shipboard/internal/logging"
	"example.com/shipboard/internal/postgres"
)

// version is set by the linker: go build -ldflags "-X main.version=v1.2.3".
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "migrate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, getenv func(string) string, out io.Writer) error {
	flags := flag.NewFlagSet("migrate", flag.ContinueOnError)
	list := flags.Bool("list", false, "print the embedded migrations and exit")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *list {
		all, err := postgres.Migrations()
		for _, m := range all {
			fmt.Fprintln(out, m.Name)
		}
		return err
	}

	cfg, err := config.FromEnv(getenv)
	if err != nil {
		return err
	}
	if cfg.DatabaseURL == "" {
		return errors.New("DATABASE_URL is not set: nothing to migrate")
	}
	log := logging.New(out, cfg.LogLevel, "migrate", version)
	db, err := postgres.Open(ctx, cfg.DatabaseURL)
	if err != nil {
		return err
	}
	defer db.Close()
	applied, err := db.Migrate(ctx)
	if err != nil {
		return err
	}
	log.Info("schema is up to date", "applied", applied)
	return nil
}
