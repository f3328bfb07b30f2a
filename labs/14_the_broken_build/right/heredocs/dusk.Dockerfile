FROM golang:1.27-trixie AS empty
RUN mkdir /warm && chown 10001:10001 /warm
FROM golang:1.27-trixie
WORKDIR /src
COPY . .
ENV GOCACHE=/cache/go-build CGO_ENABLED=0
USER 10001:10001
RUN --mount=type=cache,target=/cache,from=empty,source=/warm <<EOT
go build -o /tmp/dusk ./cmd/dusk
EOT
ENTRYPOINT ["/tmp/dusk"]
