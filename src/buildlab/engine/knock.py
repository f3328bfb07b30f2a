"""Does a server answer at all: run as a program inside an engine's network, with no package.

knock.py HOST PORT tls|plain SECONDS: prints each stage as it begins, "answers" at last.
"""

from __future__ import annotations

import socket
import ssl
import sys
import time


def main(host: str, port: str, kind: str, limit: str) -> None:
    deadline = time.monotonic() + float(limit)
    _say("resolving")
    family, sort, protocol, _, address = socket.getaddrinfo(
        host, int(port), type=socket.SOCK_STREAM
    )[0]
    with socket.socket(family, sort, protocol) as plain:
        _say("connecting")
        plain.settimeout(max(0.1, deadline - time.monotonic()))
        plain.connect(address)
        stream = plain
        if kind == "tls":
            _say("greeting")
            # Whose certificate it is matters to who imports a cache, not here.
            context = ssl._create_unverified_context()
            stream = context.wrap_socket(plain, server_hostname=host)
        _say("asking")
        stream.sendall(f"GET /v2/ HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        said = b""
        while b"\r\n" not in said:
            stream.settimeout(max(0.1, deadline - time.monotonic()))
            piece = stream.recv(1024)
            if not piece:
                break
            said += piece
            if time.monotonic() > deadline:
                raise TimeoutError
    _say("answers")


def _say(stage: str) -> None:
    sys.stdout.write(stage + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except TimeoutError:
        sys.exit(1)
    except OSError:  # refused, reset, another protocol: an answer too, BuildKit tells it
        _say("answers")
