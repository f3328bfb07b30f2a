// Package metrics counts what the service does, for Prometheus.
package metrics

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"example.com/shipboard/internal/board"
)

// Metrics owns a registry, so that tests and instances do not share counters.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	releases *prometheus.CounterVec
	checks   *prometheus.CounterVec
}

// New registers the service's metrics and the Go runtime's.
func New(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "shipboard_http_request_duration_seconds",
			Help: "Time to answer a request, by route and status.",
		}, []string{"method", "route", "status"}),
		releases: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "shipboard_releases_total",
			Help: "Releases recorded since the process started.",
		}, []string{"environment"}),
		checks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "shipboard_checks_total",
			Help: "Outgoing HTTPS checks, by outcome.",
		}, []string{"outcome"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "shipboard_build_info",
		Help:        "Always 1; the version is the label.",
		ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	m.registry.MustRegister(
		m.requests, m.releases, m.checks, build,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Handler serves the registry in the Prometheus text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// Request records one answered request. The route is a pattern, never a path:
// a label per path would grow without bound.
func (m *Metrics) Request(method, route string, status int, elapsed time.Duration) {
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Observe(elapsed.Seconds())
}

// Released counts a recorded release.
func (m *Metrics) Released(r board.Release) {
	m.releases.WithLabelValues(string(r.Environment)).Inc()
}

// Checked counts an outgoing check.
func (m *Metrics) Checked(err error) {
	outcome := "ok"
	if err != nil {
		outcome = "failed"
	}
	m.checks.WithLabelValues(outcome).Inc()
}
