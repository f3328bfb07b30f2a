FROM golang:1.27-trixie
ENV CGO_ENABLED=0
WORKDIR /w
COPY go.* .
COPY cmd cmd
COPY internal internal
RUN <<EOT
go build -o /usr/local/bin/ ./cmd/...
EOT
CMD ["quay"]
