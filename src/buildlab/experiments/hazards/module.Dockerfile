FROM golang:1.27-trixie
WORKDIR /src
ENV CGO_ENABLED=0 package=golang.org/x/text/encoding/internal/identifier
COPY . .
COPY --chmod=755 <<"EOF" /bin/said
#!/bin/sh
name="$1"; shift
text=$("$@" 2>&1); echo "$name: exit $?, said ${text:-nothing}"
EOF
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    go mod download && go build $package && said "untouched, go mod verify" go mod verify
# Any step with the same mount could do this.
RUN --mount=type=cache,target=/go/pkg/mod \
    file=$(go list -f '{{.Dir}}' $package)/identifier.go; \
    chmod u+w $file && echo 'const Altered = "altered"' >> $file
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    said "go mod download" go mod download; \
    said "go build -v" go build -v -o /tmp/module.a $package; \
    said "the altered line in the result" grep -c Altered /tmp/module.a; \
    said "go mod verify" go mod verify
