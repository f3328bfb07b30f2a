// Package tracing sends OpenTelemetry traces over OTLP/gRPC.
package tracing

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"

	"example.com/shipboard/internal/board"
)

// Start installs the global tracer. The exporter reads the standard OTEL_*
// variables itself; without an endpoint nothing is traced. The returned
// function flushes what is not yet sent.
func Start(ctx context.Context, version, endpoint string) (stop func(context.Context) error, err error) {
	if endpoint == "" {
		return func(context.Context) error { return nil }, nil
	}
	exporter, err := otlptracegrpc.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("trace exporter: %w", err)
	}
	provider := trace.NewTracerProvider(
		trace.WithBatcher(exporter),
		trace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "shipboard"),
			attribute.String("service.version", version),
		)),
	)
	otel.SetTracerProvider(provider)
	otel.SetTextMapPropagator(propagation.TraceContext{})
	return provider.Shutdown, nil
}

// Release is how a release appears on a span.
func Release(r board.Release) []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.String("shipboard.release.id", r.ID.String()),
		attribute.String("shipboard.service", r.Service),
		attribute.String("shipboard.environment", string(r.Environment)),
		attribute.String("shipboard.version", r.Version),
	}
}
