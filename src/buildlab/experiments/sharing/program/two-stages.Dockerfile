FROM debian:trixie-slim AS build
ARG SALT
RUN echo "$SALT" > /made
RUN cp /made /copied

FROM scratch
COPY --from=build /copied /
