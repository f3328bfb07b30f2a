// Package selfcheck looks at the image from inside, for images that have no
// shell to look with.
package selfcheck

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"

	"example.com/shipboard/internal/localtime"
)

// Finding is one thing that the service expects of its image.
type Finding struct {
	Check  string `json:"check"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"` // what is missing
}

// Image reports whether the image brings what the service needs at run time.
func Image() []Finding {
	return []Finding{
		finding("certificates", certificates()),
		finding("time zones", localtime.Database()),
		finding("unprivileged user", unprivileged()),
	}
}

func finding(check string, err error) Finding {
	if err != nil {
		return Finding{Check: check, Detail: err.Error()}
	}
	return Finding{Check: check, OK: true}
}

func certificates() error {
	pool, err := x509.SystemCertPool()
	if err != nil {
		return err
	}
	if pool.Equal(x509.NewCertPool()) {
		return fmt.Errorf("no CA certificates in this image: install ca-certificates, or copy /etc/ssl/certs/ca-certificates.crt")
	}
	return nil
}

func unprivileged() error {
	if os.Geteuid() == 0 {
		return fmt.Errorf("running as root: set USER")
	}
	return nil
}

// Health asks the server that listens on addr for its health. It is the image's
// HEALTHCHECK: there is no curl to call.
func Health(ctx context.Context, addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	url := "http://" + net.JoinHostPort(host, port) + "/healthz"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", url, resp.Status)
	}
	return nil
}
