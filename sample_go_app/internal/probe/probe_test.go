package probe

import (
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func newServer(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(http.RedirectHandler("https://elsewhere.example/", http.StatusFound))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // failed handshakes are expected here
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func TestCheckReportsTheAnswerAndFollowsNoRedirect(t *testing.T) {
	s := newServer(t)
	got, err := New(s.Client().Transport, []string{"127.0.0.1"}).Check(t.Context(), s.URL)
	if err != nil {
		t.Fatal(err)
	}
	if got.Status != http.StatusFound || got.TLS != "TLS 1.3" || got.CertificateExpires.IsZero() {
		t.Errorf("result = %+v", got)
	}
}

func TestCheckReportsAnUntrustedCertificate(t *testing.T) {
	s := newServer(t)
	_, err := New(http.DefaultTransport, []string{"127.0.0.1"}).Check(t.Context(), s.URL)
	if err == nil || !strings.Contains(err.Error(), "x509") {
		t.Errorf("error = %v, want x509", err)
	}
}

func TestCheckRefusesWhatIsNotListed(t *testing.T) {
	c := New(http.DefaultTransport, []string{"go.dev"})
	for _, url := range []string{"http://go.dev/", "https://169.254.169.254/", "https://go.dev.example/", "go.dev", "%"} {
		if _, err := c.Check(t.Context(), url); !errors.Is(err, ErrNotAllowed) {
			t.Errorf("%s: error = %v, want ErrNotAllowed", url, err)
		}
	}
}
