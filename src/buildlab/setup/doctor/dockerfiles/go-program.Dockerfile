FROM golang:1.27-trixie AS build
WORKDIR /src
ARG MESSAGE
RUN --mount=type=cache,target=/root/.cache/go-build \
    printf 'package main\n\nfunc main() { print("%s") }\n' "$MESSAGE" >main.go && \
    go mod init example.test/doctor && \
    CGO_ENABLED=0 go build -o /out/program .

FROM scratch
COPY --from=build /out/ /
ENTRYPOINT ["/program"]
