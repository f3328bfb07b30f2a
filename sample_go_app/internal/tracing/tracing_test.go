package tracing

import (
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/trace"
)

func TestStartWithoutEndpointTracesNothing(t *testing.T) {
	stop, err := Start(t.Context(), "v1", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := otel.GetTracerProvider().(*trace.TracerProvider); ok {
		t.Error("a tracer was installed")
	}
	if err := stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestStartDoesNotWaitForTheCollector(t *testing.T) {
	const endpoint = "http://127.0.0.1:1" // nobody listens there
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
	stop, err := Start(t.Context(), "v1", endpoint)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := otel.GetTracerProvider().(*trace.TracerProvider); !ok {
		t.Error("no tracer was installed")
	}
	if err := stop(t.Context()); err != nil {
		t.Error(err)
	}
}
