FROM golang:1.27-trixie
WORKDIR /src
ENV CGO_ENABLED=0
COPY . .
COPY --chmod=755 <<"EOF" /bin/compile
#!/bin/sh
rm -f /tmp/program
ran=$(go build -v -o /tmp/program . 2>&1 | grep -c '^example.*/word$')
echo "$1: compiled $ran, text $(/tmp/program 2>&1)"
EOF
COPY --chmod=755 <<"EOF" /bin/tamper
#!/bin/sh
# Changes the entry that holds the compiled package: any step with the same mount could.
sed -i "s/genuine/$1/" "$(go list -export -f '{{.Export}}' ./word)"
EOF
RUN --mount=type=cache,target=/root/.cache/go-build compile "untouched" SALT
RUN --mount=type=cache,target=/root/.cache/go-build tamper altered
RUN --mount=type=cache,target=/root/.cache/go-build compile "entry changed, same size"
RUN --mount=type=cache,target=/root/.cache/go-build GODEBUG=gocacheverify=1 compile "verified by Go"
RUN --mount=type=cache,target=/root/.cache/go-build compile "after that"
RUN --mount=type=cache,target=/root/.cache/go-build tamper lengthened
RUN --mount=type=cache,target=/root/.cache/go-build compile "entry changed, other size"
