FROM golang:1.27-trixie
WORKDIR /src
ENV CGO_ENABLED=0
COPY go.mod go.sum ./
RUN go env GOMODCACHE GOCACHE
COPY --chmod=755 <<"EOF" /bin/where
#!/bin/sh
# Runs a command, then says how many files and bytes it left, by place.
touch /before && "$@" && find / -xdev -type f -newer /before -size +0 \
    ! -path "/proc/*" ! -path "/sys/*" ! -path "/etc/*" -printf "%s %p\n" | awk '
    $2 ~ "^/go/pkg/mod/cache/download/" { place = "/go/pkg/mod/cache/download" }
    $2 ~ "^/go/pkg/mod/" && $2 !~ "^/go/pkg/mod/cache/" { place = "/go/pkg/mod/<module>@<version>" }
    $2 ~ "^/root/.cache/go-build/" { place = "/root/.cache/go-build" }
    place == "" { place = "elsewhere" }
    { files[place]++; bytes[place] += $1; place = "" }
    END { for (place in files) print "wrote", files[place], bytes[place], place }'
EOF
RUN where go mod download
COPY . .
RUN where go build ./internal/...
