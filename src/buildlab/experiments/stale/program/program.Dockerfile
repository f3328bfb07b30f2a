FROM golang:1.27-trixie AS source
WORKDIR /src
ENV CGO_ENABLED=0
COPY go.mod main.go ./

FROM source AS build
RUN --mount=type=cache,target=/root/.cache/go-build go build -o /out/app .

FROM build AS build-without-id
RUN --mount=type=cache,target=/root/.cache/go-build go build -ldflags=-buildid= -o /plain/app .

FROM scratch
COPY --from=build-without-id /plain/ /without-id/
COPY --from=build /out/ /with-id/
