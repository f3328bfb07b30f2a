FROM debian:trixie-slim
COPY --chmod=755 <<"EOF" /bin/look
#!/bin/sh
for d in /go/pkg/mod /root/.cache/go-build; do
    echo "$d: $(find $d -type f 2>/dev/null | wc -l) files, $(du -sk $d 2>/dev/null | cut -f1) KiB"
done
EOF
RUN --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    look SALT
RUN look
