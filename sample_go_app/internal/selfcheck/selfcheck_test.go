package selfcheck

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestHealthIsTheStatusOfHealthz(t *testing.T) {
	healthy := true
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" || !healthy {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer s.Close()
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}

	for _, addr := range []string{":" + port, "0.0.0.0:" + port, "127.0.0.1:" + port} {
		if err := Health(t.Context(), addr); err != nil {
			t.Errorf("%s: %v", addr, err)
		}
	}
	healthy = false
	if Health(t.Context(), ":"+port) == nil {
		t.Error("no error from an unhealthy server")
	}
}

func TestImageExplainsEveryFailure(t *testing.T) {
	findings := Image()
	if len(findings) != 3 {
		t.Fatalf("%d findings, want 3", len(findings))
	}
	for _, f := range findings {
		if !f.OK && f.Detail == "" {
			t.Errorf("%s failed without saying why", f.Check)
		}
	}
}
