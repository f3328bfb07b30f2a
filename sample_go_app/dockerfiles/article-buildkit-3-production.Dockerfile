# syntax=docker/dockerfile:1
FROM golang:1.21-alpine AS builder

WORKDIR /app
COPY go.mod go.sum ./

RUN --mount=type=cache,target=/go/pkg/mod/cache \
    --mount=type=cache,target=/root/.cache/go-build \
    go mod download

COPY . .

# Build with cross-compilation flags.
# GOARCH and GOOS match the target platform.
RUN CGO_ENABLED=0 GOOS=linux GOARCH=amd64 \
    go build -ldflags="-s -w -X main.version=1.0.0" \
    -o /out/server .

FROM alpine:3.18 AS runtime

# Install ca-certificates and tzdata for time zones
RUN apk add --no-cache ca-certificates tzdata

# Create a non-root user
RUN adduser -D -u 10001 appuser

COPY --from=builder /out/server /server

USER appuser
ENTRYPOINT ["/server"]
