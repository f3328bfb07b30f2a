FROM golang:1.27-trixie
WORKDIR /src
ENV CGO_ENABLED=0
COPY . .
COPY --chmod=755 <<"EOF" /patched
#!/bin/sh
# Stands in for a patched compiler: what it compiles says "patched" for "genuine".
if [ "$1" = "-V=full" ]; then [ -e /version ] && exec cat /version; exec /real/compile "$@"; fi
for word; do
    shift
    case "$word" in */word.go) sed s/genuine/patched/ "$word" >/tmp/word.go; word=/tmp/word.go;; esac
    set -- "$@" "$word"
done
exec /real/compile "$@"
EOF
COPY --chmod=755 <<"EOF" /bin/compile
#!/bin/sh
rm -f /tmp/word.a
ran=$(go build -v -o /tmp/word.a ./word 2>&1 | grep -c '^example')
echo "$1: compiled $ran, text $(grep -aoE '(genuine|patched) word' /tmp/word.a | sort -u)"
EOF
RUN --mount=type=cache,target=/root/.cache/go-build compile "the compiler" SALT
RUN tools=$(go env GOTOOLDIR); mkdir /real; mv $tools/compile /real/; mv /patched $tools/compile
RUN --mount=type=cache,target=/root/.cache/go-build compile "patched, same version"
RUN echo "compile version go1.99.9" > /version
RUN --mount=type=cache,target=/root/.cache/go-build compile "patched, another version"
