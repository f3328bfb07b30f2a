
# A certificate authority of our own, and a server whose certificate it signed.
FROM golang:1.27-trixie AS endpoint
WORKDIR /tls
RUN openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=lesson authority" \
        -keyout ca.key -out ca.pem \
    && openssl req -newkey rsa:2048 -nodes -subj "/CN=endpoint" \
        -addext "subjectAltName=DNS:endpoint" -keyout server.key -out server.csr \
    && openssl x509 -req -days 30 -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial \
        -copy_extensions copy -out server.pem
CMD ["openssl", "s_server", "-www", "-accept", "8443", "-cert", "server.pem", "-key", "server.key"]

FROM stripped AS trusting
COPY --from=endpoint /tls/ca.pem /etc/ssl/certs/ca-certificates.crt
