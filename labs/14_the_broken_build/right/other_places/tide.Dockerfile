FROM golang:1.27-trixie AS build
WORKDIR /src
COPY . .
ENV GOCACHE=/src/.cache
RUN --mount=type=cache,target=/src/.cache CGO_ENABLED=0 go build -o /out/tide ./cmd/tide
FROM scratch
COPY --from=build /out/tide /tide
ENTRYPOINT ["/tide"]
