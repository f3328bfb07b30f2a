FROM golang:1.27-trixie AS b
COPY . /w
RUN cd /w && CGO_ENABLED=0 go build -o /gate ./cmd/gate
FROM debian:trixie-slim
COPY --from=b /gate /usr/local/bin/
HEALTHCHECK --interval=1s CMD gate check
CMD ["gate"]
