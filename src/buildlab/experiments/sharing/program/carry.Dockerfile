# Takes the cache mounts out of one engine, and puts them into another.
FROM golang:1.27-trixie AS packed
# Another value each time: cached, the step would give yesterday's files.
ARG WHEN
RUN --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    mkdir /carried && cp -a /go/pkg/mod /root/.cache/go-build /carried/

FROM scratch AS out
COPY --from=packed /carried/ /

# --build-context carried=FOLDER names what was taken out.
FROM scratch AS carried

FROM golang:1.27-trixie AS in
ARG WHEN
RUN --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    --mount=type=bind,from=carried,target=/carried \
    cp -a /carried/mod/. /go/pkg/mod/ && cp -a /carried/go-build/. /root/.cache/go-build/
