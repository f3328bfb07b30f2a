FROM golang:1.27-trixie AS build
WORKDIR /src
COPY go.mod ./
COPY internal ./internal
COPY cmd ./cmd
RUN --mount=type=cache,target=/root/.cache/go-build CGO_ENABLED=0 go build -o /out/quay ./cmd/quay

FROM scratch
COPY --from=build /out/quay /quay
ENTRYPOINT ["/quay"]
