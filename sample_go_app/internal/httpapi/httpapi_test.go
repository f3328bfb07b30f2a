package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.com/shipboard/internal/board"
	"example.com/shipboard/internal/buildinfo"
	"example.com/shipboard/internal/localtime"
	"example.com/shipboard/internal/memory"
	"example.com/shipboard/internal/metrics"
	"example.com/shipboard/internal/probe"
)

func newAPI(store board.Store) *API {
	return &API{
		Store:        store,
		Environments: []board.Environment{"staging", "production"},
		Checker:      probe.New(http.DefaultTransport, nil),
		Metrics:      metrics.New("v1"),
		Log:          slog.New(slog.DiscardHandler),
		Build:        buildinfo.Info{Version: "v1"},
		Page:         http.NotFoundHandler(),
		Static:       http.NotFoundHandler(),
		Now:          func() time.Time { return time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC) },
	}
}

func do(t *testing.T, a *API, r *http.Request) (status int, body string) {
	t.Helper()
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func get(t *testing.T, a *API, target string) (status int, body string) {
	t.Helper()
	return do(t, a, httptest.NewRequest(http.MethodGet, target, nil))
}

func post(body string) *http.Request {
	return httptest.NewRequest(http.MethodPost, "/api/releases", strings.NewReader(body))
}

const checkout = `{"service":"checkout","environment":"production","version":"v1.4.0"}`

func TestARecordedReleaseIsListed(t *testing.T) {
	a := newAPI(&memory.Store{})
	if status, body := do(t, a, post(checkout)); status != http.StatusCreated {
		t.Fatalf("status %d: %s", status, body)
	}
	status, body := get(t, a, "/api/releases?service=checkout")
	var releases []board.Release
	if err := json.Unmarshal([]byte(body), &releases); err != nil {
		t.Fatalf("status %d: %v: %s", status, err, body)
	}
	if len(releases) != 1 || releases[0].Version != "v1.4.0" {
		t.Errorf("releases = %+v", releases)
	}
	if _, body := get(t, a, "/api/releases?service=nobody"); strings.TrimSpace(body) != "[]" {
		t.Errorf("no match answers %s, want []", body)
	}
	if _, body := get(t, a, "/metrics"); !strings.Contains(body, `shipboard_releases_total{environment="production"} 1`) {
		t.Error("the release was not counted")
	}
}

func TestTimesAreInTheZoneAskedFor(t *testing.T) {
	if err := localtime.Database(); err != nil {
		t.Skip(err)
	}
	a := newAPI(&memory.Store{})
	do(t, a, post(checkout))
	if _, body := get(t, a, "/api/releases?tz=Asia/Kolkata"); !strings.Contains(body, "2026-07-01T17:30:00+05:30") {
		t.Errorf("no Kolkata time in %s", body)
	}
}

func TestErrorsAreJSONWithTheReason(t *testing.T) {
	a := newAPI(&memory.Store{})
	for _, tc := range []struct {
		request *http.Request
		status  int
		reason  string
	}{
		{post(`{"service":"checkout","environment":"moon","version":"v1"}`), http.StatusUnprocessableEntity, "environment must be one of"},
		{post(`{"servce":"checkout"}`), http.StatusBadRequest, "servce"},
		{httptest.NewRequest(http.MethodGet, "/api/releases?limit=all", nil), http.StatusBadRequest, "limit"},
		{httptest.NewRequest(http.MethodGet, "/check?url=https://go.dev/", nil), http.StatusBadRequest, "not allowed"},
	} {
		status, body := do(t, a, tc.request)
		var failure struct{ Error string }
		if err := json.Unmarshal([]byte(body), &failure); err != nil {
			t.Errorf("%s: not JSON: %s", tc.request.URL, body)
		}
		if status != tc.status || !strings.Contains(failure.Error, tc.reason) {
			t.Errorf("%s: status %d, error %q; want %d and %q", tc.request.URL, status, failure.Error, tc.status, tc.reason)
		}
	}
}

func TestWritesNeedTheToken(t *testing.T) {
	a := newAPI(&memory.Store{})
	a.Token = "s3cret"
	if status, _ := do(t, a, post(checkout)); status != http.StatusUnauthorized {
		t.Errorf("without a token: status %d, want 401", status)
	}
	r := post(checkout)
	r.Header.Set("Authorization", "Bearer s3cret")
	if status, body := do(t, a, r); status != http.StatusCreated {
		t.Errorf("with the token: status %d: %s", status, body)
	}
}

type brokenStore struct{ board.Store }

func (brokenStore) Ping(context.Context) error { return errors.New("connection refused") }

func TestHealthFollowsTheStore(t *testing.T) {
	if status, body := get(t, newAPI(&memory.Store{}), "/healthz"); status != http.StatusOK {
		t.Errorf("status %d: %s", status, body)
	}
	if status, _ := get(t, newAPI(brokenStore{}), "/healthz"); status != http.StatusServiceUnavailable {
		t.Errorf("broken store: status %d, want 503", status)
	}
}

func TestVersionAnswersTheBuild(t *testing.T) {
	if _, body := get(t, newAPI(&memory.Store{}), "/version"); !strings.Contains(body, `"version":"v1"`) {
		t.Errorf("body = %s", body)
	}
}
