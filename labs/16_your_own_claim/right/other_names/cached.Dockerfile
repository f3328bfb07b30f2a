FROM golang:1.27-trixie AS c
ENV CGO_ENABLED=0 GOCACHE=/gocache
WORKDIR /w
RUN --mount=type=bind,target=. --mount=type=cache,target=/gocache go build -o /out/quay ./cmd/quay
FROM scratch
COPY --from=c /out/quay /quay
