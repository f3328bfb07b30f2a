# syntax=docker/dockerfile:1.5 # Enable BuildKit features
# Stage 1 – Builder: cache Go modules
FROM golang:1.22-alpine AS modcache
# Pin the base image by digest to avoid silent updates
# Digest obtained via: docker pull golang:1.22-alpine && docker inspect --format='{{index .RepoDigests 0}}' golang:1.22-alpine
# => golang@sha256:3b8e5d9b4c8e...
ARG GOFLAGS="-mod=readonly"
WORKDIR /src
# Cache the module download step
RUN --mount=type=cache,id=gomod,target=/go/pkg/mod \
--mount=type=cache,id=gocache,target=/root/.cache/go-build \
go version && \
go env -w GOFLAGS=${GOFLAGS}
# Copy go.mod and go.sum first
COPY go.mod go.sum ./
RUN --mount=type=cache,id=gomod,target=/go/pkg/mod \
go mod download
# Stage 2 – Builder: compile the binary
FROM golang:1.22-alpine AS builder
WORKDIR /src
# Reuse the module layer from the previous stage
COPY --from=modcache /go/pkg/mod /go/pkg/mod
COPY --from=modcache /root/.cache/go-build /root/.cache/go-build
# Bring in source code
COPY . .
# Compile with cache mounts
RUN --mount=type=cache,id=gocache,target=/root/.cache/go-build \
CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -o /app/server ./cmd/server
# Stage 3 – Runtime: minimal image
FROM scratch AS runtime
# Add a non‑root user for security
ARG USER_ID=10001
ARG GROUP_ID=10001
COPY --from=builder /app/server /app/server
USER ${USER_ID}:${GROUP_ID}
EXPOSE 8080
ENTRYPOINT ["/app/server"]
