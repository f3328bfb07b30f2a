FROM golang:1.27-trixie AS build
WORKDIR /src
COPY . .
RUN --mount=type=secret,id=signing_key,required=true \
    mark=$(sha256sum /run/secrets/signing_key | cut -c 1-16); \
    CGO_ENABLED=0 go build -ldflags "-X main.mark=$mark" -o /out/sign ./cmd/sign

FROM scratch
COPY --from=build /out/sign /sign
ENTRYPOINT ["/sign"]
