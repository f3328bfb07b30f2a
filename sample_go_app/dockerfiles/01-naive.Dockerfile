# The obvious way: everything in, then compile.
FROM golang:1.27-trixie
WORKDIR /src
COPY . .
RUN go build -o /out/ ./cmd/...
EXPOSE 8080
CMD ["/out/server"]
