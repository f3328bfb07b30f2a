# 5 + compiled in the final stage: the compiler is bound from its image, and what it
# writes is the layer. No COPY --from. tmpfs keeps what Go leaves elsewhere out of it.
FROM golang:1.27-trixie AS go

FROM golang:1.27-trixie AS modules
WORKDIR /src
RUN --mount=type=bind,source=go.mod,target=go.mod \
    --mount=type=bind,source=go.sum,target=go.sum \
    --mount=type=cache,target=/go/pkg/mod \
    go mod download && mkdir /downloaded

FROM gcr.io/distroless/static-debian13:nonroot
USER 0
RUN --network=none \
    --mount=type=bind,from=go,source=/usr/local/go,target=/usr/local/go \
    --mount=type=bind,from=modules,source=/downloaded,target=/downloaded \
    --mount=type=bind,target=/src \
    --mount=type=tmpfs,target=/tmp \
    --mount=type=tmpfs,target=/root \
    --mount=type=cache,id=/go/pkg/mod,target=/root/go/pkg/mod \
    --mount=type=cache,id=/root/.cache/go-build,target=/root/.cache/go-build \
    ["/usr/local/go/bin/go", "build", "-C", "/src", "-trimpath", "-ldflags=-s -w", "-o", "/server", "./cmd/server"]
USER 65532
ENTRYPOINT ["/server"]
