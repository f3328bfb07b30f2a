# 03 + cache mounts for modules and compiled packages, so that a step that runs
# again finds what the last build left.
FROM golang:1.27-trixie
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod \
    go mod download
COPY . .
RUN --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    go build -o /out/ ./cmd/...
EXPOSE 8080
CMD ["/out/server"]
