// Package httpapi is the service's HTTP interface: the JSON API, and the
// endpoints that a platform asks for.
package httpapi

import (
	"cmp"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	oteltrace "go.opentelemetry.io/otel/trace"

	"example.com/shipboard/internal/board"
	"example.com/shipboard/internal/buildinfo"
	"example.com/shipboard/internal/localtime"
	"example.com/shipboard/internal/logging"
	"example.com/shipboard/internal/metrics"
	"example.com/shipboard/internal/probe"
	"example.com/shipboard/internal/tracing"
)

// maxBodyBytes bounds what a request may make the server read.
const maxBodyBytes = 64 << 10

// API answers requests. All fields but Token are required.
type API struct {
	Store        board.Store
	Environments []board.Environment
	Checker      *probe.Checker
	Metrics      *metrics.Metrics
	Log          *slog.Logger
	Build        buildinfo.Info
	Page         http.Handler // GET /
	Static       http.Handler // GET /static/*
	Token        string       // bearer token for writes; empty: none is asked for
	Now          func() time.Time
}

// Handler routes requests to the API.
func (a *API) Handler() http.Handler {
	r := chi.NewRouter()
	r.Use(middleware.RequestID, a.observe, middleware.Recoverer)
	r.Method(http.MethodGet, "/", a.Page)
	r.Method(http.MethodGet, "/static/*", a.Static)
	r.Method(http.MethodGet, "/metrics", a.Metrics.Handler())
	r.Get("/healthz", a.health)
	r.Get("/version", func(w http.ResponseWriter, _ *http.Request) { a.answer(w, http.StatusOK, a.Build) })
	r.Get("/check", a.check)
	r.Get("/api/releases", a.list)
	r.With(a.authorize).Post("/api/releases", a.record)
	return otelhttp.NewHandler(r, "shipboard")
}

// observe logs and measures each request. Health checks come every few seconds
// and would drown the rest, so they are logged for debugging only.
func (a *API) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		next.ServeHTTP(ww, r)

		elapsed := time.Since(start)
		status := cmp.Or(ww.Status(), http.StatusOK)
		route := cmp.Or(chi.RouteContext(r.Context()).RoutePattern(), "none")
		a.Metrics.Request(r.Method, route, status, elapsed)
		level := slog.LevelInfo
		if route == "/healthz" {
			level = slog.LevelDebug
		}
		a.Log.Log(r.Context(), level, "request",
			"method", r.Method, "path", r.URL.Path, "status", status, "duration_us", elapsed.Microseconds(),
			"request_id", middleware.GetReqID(r.Context()))
	})
}

func (a *API) authorize(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given, want := []byte(r.Header.Get("Authorization")), []byte("Bearer "+a.Token)
		if a.Token != "" && subtle.ConstantTimeCompare(given, want) != 1 {
			a.fail(w, http.StatusUnauthorized, errors.New("a valid bearer token is required"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (a *API) health(w http.ResponseWriter, r *http.Request) {
	if err := a.Store.Ping(r.Context()); err != nil {
		a.fail(w, http.StatusServiceUnavailable, err)
		return
	}
	a.answer(w, http.StatusOK, map[string]string{"status": "ok"})
}

// check calls an HTTPS endpoint: GET /check?url=https://go.dev/.
func (a *API) check(w http.ResponseWriter, r *http.Request) {
	result, err := a.Checker.Check(r.Context(), r.URL.Query().Get("url"))
	if errors.Is(err, probe.ErrNotAllowed) {
		a.fail(w, http.StatusBadRequest, err)
		return
	}
	a.Metrics.Checked(err)
	if err != nil {
		a.fail(w, http.StatusBadGateway, err)
		return
	}
	a.answer(w, http.StatusOK, result)
}

// list answers GET /api/releases?service=&environment=&limit=&tz=.
func (a *API) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	limit, err := strconv.Atoi(cmp.Or(query.Get("limit"), "100"))
	if err != nil || limit < 1 {
		a.fail(w, http.StatusBadRequest, errors.New("limit must be a positive number"))
		return
	}
	zone, err := localtime.Zone(query.Get("tz"))
	if err != nil {
		a.fail(w, localtime.HTTPStatus(err), err)
		return
	}
	releases, err := a.Store.List(r.Context(), board.Filter{
		Service:     query.Get("service"),
		Environment: board.Environment(query.Get("environment")),
		Limit:       limit,
	})
	if err != nil {
		a.fail(w, http.StatusServiceUnavailable, err)
		return
	}
	local := make([]board.Release, len(releases)) // [] in JSON when there is none, never null
	for i, release := range releases {
		release.DeployedAt = release.DeployedAt.In(zone)
		local[i] = release
	}
	a.answer(w, http.StatusOK, local)
}

func (a *API) record(w http.ResponseWriter, r *http.Request) {
	var draft board.Draft
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	body.DisallowUnknownFields()
	if err := body.Decode(&draft); err != nil {
		a.fail(w, http.StatusBadRequest, err)
		return
	}
	release, err := draft.Accept(a.Environments, a.Now())
	if _, ok := errors.AsType[board.InvalidError](err); ok {
		a.fail(w, http.StatusUnprocessableEntity, err)
		return
	}
	if err != nil {
		a.fail(w, http.StatusInternalServerError, err)
		return
	}
	if err := a.Store.Add(r.Context(), release); err != nil {
		a.fail(w, http.StatusServiceUnavailable, err)
		return
	}
	a.Metrics.Released(release)
	a.Log.InfoContext(r.Context(), "release recorded", logging.Release(release))
	oteltrace.SpanFromContext(r.Context()).SetAttributes(tracing.Release(release)...)
	a.answer(w, http.StatusCreated, release)
}

func (a *API) answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		a.Log.Debug("answer not sent", "error", err) // the client has gone
	}
}

func (a *API) fail(w http.ResponseWriter, status int, err error) {
	if status >= http.StatusInternalServerError {
		a.Log.Error("request failed", "status", status, "error", err)
	}
	a.answer(w, status, map[string]string{"error": err.Error()})
}
