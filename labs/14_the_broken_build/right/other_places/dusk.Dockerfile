FROM golang:1.27-trixie AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/root/.cache/go-build CGO_ENABLED=0 go build -o /dusk ./cmd/dusk
FROM scratch
COPY --from=build /dusk /dusk
USER 10001
ENTRYPOINT ["/dusk"]
