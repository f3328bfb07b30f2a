FROM golang:1.27-trixie
WORKDIR /src
COPY . .
USER 10001:10001
ENV CGO_ENABLED=0 GOCACHE=/cache/go-build
RUN --mount=type=cache,id=dusk,target=/cache,uid=10001,gid=10001 \
    go build -o /tmp/dusk ./cmd/dusk
ENTRYPOINT ["/tmp/dusk"]
