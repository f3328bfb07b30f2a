# syntax=docker/dockerfile:1
FROM golang:1.21-alpine AS builder

WORKDIR /app
# Copy dependency files first to isolate module resolution from source changes
COPY go.mod go.sum ./

# Mount module cache and build cache to persist across builds
RUN --mount=type=cache,target=/go/pkg/mod/cache \
    --mount=type=cache,target=/root/.cache/go-build \
    go mod download

COPY . .

# Build the binary. CGO_ENABLED=0 produces a static binary.
# ldflags strips debug symbols to reduce image size.
RUN CGO_ENABLED=0 GOOS=linux GOARCH=amd64 \
    go build -ldflags="-s -w" -o /out/server .

FROM alpine:3.18 AS runtime
# Install ca-certificates for HTTPS calls in the runtime image
RUN apk add --no-cache ca-certificates

COPY --from=builder /out/server /server
# Run as non-root user for security
USER 65532:65532

ENTRYPOINT ["/server"]
