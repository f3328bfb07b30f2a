# 01 + the modules are downloaded before the source is copied, so that an edit
# of the source leaves the download cached.
FROM golang:1.27-trixie
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN go build -o /out/ ./cmd/...
EXPOSE 8080
CMD ["/out/server"]
