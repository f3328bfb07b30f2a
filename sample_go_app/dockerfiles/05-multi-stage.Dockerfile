# 04 + a second stage: the image holds the programs and nothing else. Without
# CGO_ENABLED=0 they would want a C library, which scratch does not have either.
FROM golang:1.27-trixie AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod \
    go mod download
COPY . .
RUN --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go build -o /out/ ./cmd/...

FROM scratch
COPY --from=build /out/ /
EXPOSE 8080
ENTRYPOINT ["/server"]
