# What is left for Docker where the runner has compiled: a base and a file.
FROM gcr.io/distroless/static-debian13:nonroot
COPY server /
ENTRYPOINT ["/server"]
