// Server runs shipboard: it records which version of which service was deployed
// where, and shows it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"example.com/shipboard/internal/board"
	"example.com/shipboard/internal/buildinfo"
	"example.com/shipboard/internal/config"
	"example.com/shipboard/internal/httpapi"
	"example.com/shipboard/internal/logging"
	"example.com/shipboard/internal/memory"
	"example.com/shipboard/internal/metrics"
	"example.com/shipboard/internal/postgres"
	"example.com/shipboard/internal/probe"
	"example.com/shipboard/internal/selfcheck"
	"example.com/shipboard/internal/tracing"
	"example.com/shipboard/internal/web"
)

// version is set by the linker: go build -ldflags "-X main.version=v1.2.3".
var version = "dev"

// shutdownTimeout is what requests that run get to finish: less than the ten
// seconds that docker stop waits.
const shutdownTimeout = 8 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, getenv func(string) string, out io.Writer) error {
	flags := flag.NewFlagSet("server", flag.ContinueOnError)
	var (
		showVersion = flags.Bool("version", false, "print the version and exit")
		healthcheck = flags.Bool("healthcheck", false, "ask the running server for its health and exit")
		checkImage  = flags.Bool("selfcheck", false, "report what the image lacks and exit")
		demo        = flags.Bool("demo", false, "start with a few releases in memory")
	)
	if err := flags.Parse(args); err != nil {
		return err
	}
	cfg, err := config.FromEnv(getenv)
	if err != nil {
		return err
	}
	switch {
	case *showVersion:
		return json.NewEncoder(out).Encode(buildinfo.Read(version))
	case *healthcheck:
		return selfcheck.Health(ctx, cfg.Addr)
	case *checkImage:
		return reportImage(out)
	}

	log := logging.New(out, cfg.LogLevel, "server", version)
	stopTracing, err := tracing.Start(ctx, version, cfg.OTLPEndpoint)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := stopTracing(ctx); err != nil {
			log.Warn("traces were lost", "error", err)
		}
	}()

	var store board.Store = &memory.Store{}
	switch {
	case cfg.DatabaseURL != "":
		db, err := postgres.Open(ctx, cfg.DatabaseURL)
		if err != nil {
			return err
		}
		defer db.Close()
		store = db
	case *demo:
		store = memory.Demo(time.Now(), cfg.Environments)
	}

	api := &httpapi.API{
		Store:        store,
		Environments: cfg.Environments,
		Checker:      probe.New(otelhttp.NewTransport(http.DefaultTransport), cfg.CheckHosts),
		Metrics:      metrics.New(version),
		Log:          log,
		Build:        buildinfo.Read(version),
		Page:         web.Page{Store: store, Version: version, Now: time.Now},
		Static:       web.Static(),
		Token:        cfg.APIToken,
		Now:          time.Now,
	}
	return serve(ctx, cfg.Addr, api.Handler(), log)
}

// serve answers requests until ctx ends, then lets those that run finish.
func serve(ctx context.Context, addr string, handler http.Handler, log *slog.Logger) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(listener) }()
	log.Info("listening", "addr", listener.Addr().String())

	select {
	case err := <-stopped:
		return err
	case <-ctx.Done():
	}
	log.Info("stopping", "reason", context.Cause(ctx))
	shutdown, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	return server.Shutdown(shutdown)
}

// reportImage prints one JSON object a finding, and fails if any is not met.
func reportImage(out io.Writer) error {
	lacking := 0
	for _, finding := range selfcheck.Image() {
		if !finding.OK {
			lacking++
		}
		if err := json.NewEncoder(out).Encode(finding); err != nil {
			return err
		}
	}
	if lacking > 0 {
		return fmt.Errorf("selfcheck: the image fails %d of its checks", lacking)
	}
	return nil
}
