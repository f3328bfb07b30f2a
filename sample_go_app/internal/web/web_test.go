package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.com/shipboard/internal/board"
	"example.com/shipboard/internal/localtime"
	"example.com/shipboard/internal/memory"
)

func get(t *testing.T, h http.Handler, target string) (status int, body string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
	return w.Code, w.Body.String()
}

func newPage(t *testing.T) Page {
	t.Helper()
	deployed := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	store := &memory.Store{}
	release, err := board.Draft{Service: "<checkout>", Environment: "production", Version: "v1.4.0"}.
		Accept([]board.Environment{"production"}, deployed)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Add(t.Context(), release); err != nil {
		t.Fatal(err)
	}
	return Page{Store: store, Version: "v9", Now: func() time.Time { return deployed.Add(2 * time.Hour) }}
}

func TestPageShowsReleasesInUTC(t *testing.T) {
	status, body := get(t, newPage(t), "/")
	if status != http.StatusOK {
		t.Fatalf("status %d: %s", status, body)
	}
	for _, want := range []string{"&lt;checkout&gt;", "v1.4.0", "1 Jul 12:00 UTC", "2 hours ago", "v9"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func TestPageShowsTimesInTheZoneAskedFor(t *testing.T) {
	if err := localtime.Database(); err != nil {
		t.Skip(err)
	}
	if _, body := get(t, newPage(t), "/?tz=Europe/Lisbon"); !strings.Contains(body, "1 Jul 13:00 WEST") {
		t.Errorf("no Lisbon time in\n%s", body)
	}
}

func TestPageRefusesAnUnknownZone(t *testing.T) {
	status, body := get(t, newPage(t), "/?tz=Europe/Atlantis")
	if status < 400 || !strings.Contains(body, "unknown time zone Europe/Atlantis") {
		t.Errorf("status %d: %s", status, body)
	}
}

func TestStaticServesTheEmbeddedStyles(t *testing.T) {
	if status, body := get(t, Static(), "/static/board.css"); status != http.StatusOK || !strings.Contains(body, "--accent") {
		t.Errorf("status %d: %s", status, body)
	}
}
