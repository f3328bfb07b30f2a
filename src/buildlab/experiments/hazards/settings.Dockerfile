FROM golang:1.27-trixie
WORKDIR /src
ENV CGO_ENABLED=0
COPY . .
COPY --chmod=755 <<"EOF" /bin/compile
#!/bin/sh
# Compiles the package, says how often the compiler ran, and which text is in the result.
name="$1"; shift; rm -f /tmp/word.a
ran=$(env "$@" go build -v -o /tmp/word.a ./word 2>&1 | grep -c '^example')
echo "$name: compiled $ran, text $(grep -aoi 'genuine word' /tmp/word.a | sort -u)"
EOF
RUN --mount=type=cache,target=/root/.cache/go-build compile "first"
RUN --mount=type=cache,target=/root/.cache/go-build compile "same again"
RUN --mount=type=cache,target=/root/.cache/go-build compile "-trimpath" GOFLAGS=-trimpath
RUN --mount=type=cache,target=/root/.cache/go-build compile "-gcflags=-N" GOFLAGS=-gcflags=-N
RUN --mount=type=cache,target=/root/.cache/go-build compile "-tags=loud" GOFLAGS=-tags=loud
RUN --mount=type=cache,target=/root/.cache/go-build compile "-ldflags=-s" GOFLAGS=-ldflags=-s
RUN --mount=type=cache,target=/root/.cache/go-build compile "GOARCH=riscv64" GOARCH=riscv64
RUN --mount=type=cache,target=/root/.cache/go-build compile "back to the first"
