FROM golang:1.27-trixie AS build
WORKDIR /src
ENV GOCACHE=/src/.cache
RUN --mount=type=bind,target=/src,rw --mount=type=cache,target=/src/.cache <<EOT
CGO_ENABLED=0 go build -o /out/tide ./cmd/tide
EOT
FROM scratch
COPY --from=build /out/tide /tide
ENTRYPOINT ["/tide"]
