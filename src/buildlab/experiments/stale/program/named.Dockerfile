FROM scratch
COPY --from=src . /
