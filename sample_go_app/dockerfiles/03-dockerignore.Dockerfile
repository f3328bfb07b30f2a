# 02 + a .dockerignore, so that tests and documents no longer reach COPY. The
# instructions are those of 02: what is new is ../.dockerignore, which 01 and 02
# switch off with an ignore file of their own.
FROM golang:1.27-trixie
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN go build -o /out/ ./cmd/...
EXPOSE 8080
CMD ["/out/server"]
