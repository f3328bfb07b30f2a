FROM golang:1.27-trixie AS fetch
ARG INDEX
RUN --network=host curl -sSf $INDEX/late/tags/list > /index
FROM scratch
COPY --from=fetch /index /loud
