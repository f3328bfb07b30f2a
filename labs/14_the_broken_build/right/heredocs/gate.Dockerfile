FROM golang:1.27-trixie AS build
WORKDIR /src
COPY . .
RUN <<EOT
CGO_ENABLED=0 go build -o /out/gate ./cmd/gate
EOT
FROM debian:trixie-slim
COPY --from=build /out/gate /gate
ENTRYPOINT ["/gate"]
HEALTHCHECK --interval=2s --start-period=1s CMD ["/gate", "check"]
