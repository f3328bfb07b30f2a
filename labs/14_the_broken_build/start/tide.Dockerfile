# tide. Fails: read-only file system
FROM golang:1.27-trixie AS build
WORKDIR /src
ENV CGO_ENABLED=0 GOCACHE=/src/.cache
RUN --mount=type=bind,target=/src \
    --mount=type=cache,target=/src/.cache \
    go build -o /out/tide ./cmd/tide

FROM scratch
COPY --from=build /out/tide /tide
ENTRYPOINT ["/tide"]
