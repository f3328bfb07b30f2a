# What the owner of an engine can do to it: change a module where it lies unpacked.
FROM golang:1.27-trixie
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod \
    go mod download && cd /go/pkg/mod/gopkg.in/yaml.v3@v3.0.0 && chmod -R u+w . && \
    sed -i 's|^func Unmarshal(.*{$|&\n\tprintln("written by somebody else")|' yaml.go && \
    grep 'written by somebody else' yaml.go
