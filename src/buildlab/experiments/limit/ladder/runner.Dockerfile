# A machine with Go, the modules and a warm compiler cache: no build, a container.
FROM golang:1.27-trixie AS runner
WORKDIR /src
ENV CGO_ENABLED=0 GOFLAGS=-trimpath
RUN --mount=type=cache,target=/modules,id=/go/pkg/mod \
    --mount=type=cache,target=/compiled,id=/root/.cache/go-build \
    mkdir -p /go/pkg /root/.cache && cp -a /modules /go/pkg/mod && cp -a /compiled /root/.cache/go-build
COPY . .
