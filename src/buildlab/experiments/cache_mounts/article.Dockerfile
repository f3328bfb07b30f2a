FROM golang:1.27-trixie AS builder
WORKDIR /app
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod/cache \
    --mount=type=cache,target=/root/.cache/go-build \
    go mod download -x
COPY . .
RUN CGO_ENABLED=0 go build -v -o /out/server .
