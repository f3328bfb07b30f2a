FROM golang:1.27-trixie AS modcache
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,id=gomod,target=/go/pkg/mod \
    go mod download

FROM golang:1.27-trixie AS builder
WORKDIR /src
COPY --from=modcache /go/pkg/mod /go/pkg/mod
RUN echo "files: $(find /go/pkg/mod -type f | wc -l)"
