FROM golang:1.27-trixie
WORKDIR /src
ENV CGO_ENABLED=0
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
RUN --mount=type=cache,target=/go/pkg/mod go list ./... > /packages
ARG VERSION=dev
RUN date > /built-at
RUN echo "$VERSION" > /version
