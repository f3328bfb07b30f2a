FROM golang:1.27-trixie AS build
WORKDIR /src
COPY go.mod ./
COPY internal ./internal/
COPY cmd ./cmd
RUN CGO_ENABLED=0 go build -o /out/quay ./cmd/quay

FROM scratch
COPY --from=build /out/quay /quay
ENTRYPOINT ["/quay"]
