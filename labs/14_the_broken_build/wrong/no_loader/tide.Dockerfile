FROM golang:1.27-trixie AS build
WORKDIR /src
ENV CGO_ENABLED=0 GOCACHE=/cache
RUN --mount=type=bind,target=/src \
    --mount=type=cache,target=/cache \
    go build -o /out/tide ./cmd/tide

FROM scratch
COPY --from=build /out/tide /tide
ENTRYPOINT ["/tide"]
