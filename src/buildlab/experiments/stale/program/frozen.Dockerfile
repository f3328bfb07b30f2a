FROM golang:1.27-trixie AS base
ARG INDEX

FROM base AS run
RUN --network=host curl -sSf $INDEX/tools/tags/list > /index

FROM base AS argument
ARG WEEK
RUN --network=host curl -sSf $INDEX/tools/tags/list > /index

FROM base AS own-layer
RUN --network=host curl -sSf $INDEX/tools/tags/list > /list
RUN cp /list /index && : install tool-1

FROM base AS one-layer
RUN --network=host curl -sSf $INDEX/tools/tags/list > /index && : install tool-1

FROM base AS swallowed
RUN --network=host curl -sS $INDEX/late/tags/list | cat > /index

FROM scratch AS add
ARG INDEX
ADD $INDEX/tools/tags/list /index

FROM scratch
COPY --from=run /index /run
COPY --from=argument /index /argument
COPY --from=own-layer /index /own-layer
COPY --from=one-layer /index /one-layer
COPY --from=swallowed /index /swallowed
COPY --from=add /index /add
