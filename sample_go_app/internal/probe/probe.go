// Package probe makes the service's outgoing HTTPS requests. It needs the
// image's CA certificates.
package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// ErrNotAllowed is returned, before any request is made, for a URL that the
// configuration does not permit.
var ErrNotAllowed = errors.New("not allowed")

// Checker asks whether HTTPS endpoints answer.
type Checker struct {
	client *http.Client
	hosts  []string
}

// New returns a Checker for the given hosts only. An endpoint that fetches any
// URL for anyone would open the network behind the service.
func New(transport http.RoundTripper, hosts []string) *Checker {
	return &Checker{
		client: &http.Client{
			Transport: transport,
			Timeout:   5 * time.Second,
			// A redirect could lead to a host that is not allowed.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		hosts: hosts,
	}
}

// Result describes an endpoint that answered.
type Result struct {
	URL                string    `json:"url"`
	Status             int       `json:"status"`
	DurationMS         int64     `json:"duration_ms"`
	TLS                string    `json:"tls"`
	CertificateExpires time.Time `json:"certificate_expires"`
}

// Check requests the URL. Any answer counts, whatever its status.
func (c *Checker) Check(ctx context.Context, rawURL string) (Result, error) {
	target, err := url.Parse(rawURL)
	if err != nil {
		return Result{}, fmt.Errorf("%w: %w", ErrNotAllowed, err)
	}
	if target.Scheme != "https" || !slices.Contains(c.hosts, target.Hostname()) {
		return Result{}, fmt.Errorf("%w: only https URLs on %v can be checked", ErrNotAllowed, c.hosts)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return Result{}, err
	}
	start := time.Now()
	resp, err := c.client.Do(req)
	if err != nil {
		return Result{}, err
	}
	defer resp.Body.Close()
	return Result{
		URL:                target.String(),
		Status:             resp.StatusCode,
		DurationMS:         time.Since(start).Milliseconds(),
		TLS:                tls.VersionName(resp.TLS.Version),
		CertificateExpires: resp.TLS.PeerCertificates[0].NotAfter,
	}, nil
}
