# 2 + the source is bound, not copied: no COPY, no layer to make of it.
FROM golang:1.27-trixie AS modules
WORKDIR /src
RUN --mount=type=bind,source=go.mod,target=go.mod \
    --mount=type=bind,source=go.sum,target=go.sum \
    --mount=type=cache,target=/go/pkg/mod \
    go mod download

FROM modules AS build
ENV CGO_ENABLED=0 GOFLAGS=-trimpath
RUN --mount=type=bind,target=. \
    --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    go build -o /out/server ./cmd/server

FROM gcr.io/distroless/static-debian13:nonroot
COPY --from=build /out/server /
ENTRYPOINT ["/server"]
