# keys. Fails: failed to solve: secret not found
# The release key stays in the agent of whoever releases:
#   docker build --ssh default -f keys.Dockerfile .
FROM golang:1.27-trixie AS build
WORKDIR /src
RUN --mount=type=secret,id=ssh_key,target=/root/.ssh/id_ed25519,required=true \
    mkdir /out && ssh-keygen -y -f /root/.ssh/id_ed25519 > /out/release.pub
COPY . .
RUN CGO_ENABLED=0 go build -o /out/keys ./cmd/keys

FROM scratch
COPY --from=build /out/release.pub /
COPY --from=build /out/keys /keys
ENTRYPOINT ["/keys"]
