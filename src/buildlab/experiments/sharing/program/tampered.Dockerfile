# What the owner of an engine can do to it: change a module where it lies unpacked.
FROM golang:1.27-trixie
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod \
    go mod download && cd /go/pkg/mod/github.com/rivo/uniseg@v0.1.0 && chmod -R u+w . && \
    sed -i 's|^func GraphemeClusterCount(.*{$|&\n\tprintln("written by somebody else")|' *.go && \
    grep 'written by somebody else' *.go
