# syntax=docker/dockerfile:1
FROM golang:1.21-alpine AS builder

WORKDIR /app
COPY go.mod go.sum ./

# Mount SSH key and module cache. The key is available only during this step.
RUN --mount=type=secret,id=ssh_key,target=/root/.ssh/id_rsa \
    --mount=type=cache,target=/go/pkg/mod/cache \
    go mod download

COPY . .
RUN CGO_ENABLED=0 go build -o /out/server .

FROM scratch
COPY --from=builder /out/server /server
ENTRYPOINT ["/server"]
