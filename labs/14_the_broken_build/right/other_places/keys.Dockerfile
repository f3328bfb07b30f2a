FROM golang:1.27-trixie AS keys
RUN --mount=type=ssh,id=default,target=/agent SSH_AUTH_SOCK=/agent ssh-add -L > /release.pub
FROM golang:1.27-trixie
COPY --from=keys /release.pub /release.pub
WORKDIR /src
COPY . .
RUN go build -o /usr/local/bin/keys ./cmd/keys
ENTRYPOINT ["keys"]
