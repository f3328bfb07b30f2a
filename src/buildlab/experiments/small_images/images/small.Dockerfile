# One compile for all images: the first keeps what it leaves behind, the others take its program.
FROM golang:1.27-trixie AS one-stage
WORKDIR /src
ENV CGO_ENABLED=0
COPY . .
RUN go build -o /out/server ./cmd/server
ENTRYPOINT ["/out/server"]

FROM debian:trixie-slim AS debian
COPY --from=one-stage /out/ /
ENTRYPOINT ["/server"]

FROM gcr.io/distroless/static-debian13:nonroot AS distroless
COPY --from=one-stage /out/ /
ENTRYPOINT ["/server"]

FROM scratch AS bare
COPY --from=one-stage /out/ /
ENTRYPOINT ["/server"]

# The compiled packages are there: this links once more.
FROM one-stage AS strip
RUN go build -ldflags="-s -w" -o /stripped/server ./cmd/server

FROM scratch AS stripped
COPY --from=strip /stripped/ /
ENTRYPOINT ["/server"]

# What distroless brings, put on scratch by hand.
FROM scratch AS furnished
COPY --from=one-stage /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=one-stage /usr/share/zoneinfo/ /usr/share/zoneinfo/
COPY --from=strip /stripped/ /
USER 65532:65532
ENTRYPOINT ["/server"]
