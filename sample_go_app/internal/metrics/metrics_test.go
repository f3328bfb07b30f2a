package metrics

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.com/shipboard/internal/board"
)

func TestHandlerExposesWhatWasCounted(t *testing.T) {
	m := New("v1.2.3")
	m.Request(http.MethodGet, "/api/releases", http.StatusOK, 20*time.Millisecond)
	m.Released(board.Release{Environment: "production"})
	m.Checked(errors.New("x509"))

	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, want := range []string{
		`shipboard_http_request_duration_seconds_count{method="GET",route="/api/releases",status="200"} 1`,
		`shipboard_releases_total{environment="production"} 1`,
		`shipboard_checks_total{outcome="failed"} 1`,
		`shipboard_build_info{version="v1.2.3"} 1`,
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no line %s", want)
		}
	}
}
