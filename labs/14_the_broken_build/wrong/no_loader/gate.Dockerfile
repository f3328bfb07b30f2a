FROM golang:1.27-trixie AS build
WORKDIR /src
COPY . .
RUN CGO_ENABLED=0 go build -o /out/gate ./cmd/gate

FROM debian:trixie-slim
COPY --from=build /out/gate /gate
HEALTHCHECK --interval=1s --timeout=5s \
    CMD ["/gate", "check"]
ENTRYPOINT ["/gate"]
