FROM golang:1.27-trixie
ARG SALT
RUN echo "$SALT" >/salt
RUN test -s /salt
