"""A registry with a fault, as a process in an engine's network."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from buildlab.engine.model import Engine

_PROGRAM = """
import socket, sys, threading, time
fault = sys.argv[1]
REASONS = {"401": "Unauthorized", "429": "Too Many Requests", "500": "Internal Server Error"}

def answer(client, path):
    if fault in REASONS:
        reason = f"{fault} {REASONS[fault]}"
        client.sendall(f"HTTP/1.1 {reason}\\r\\nContent-Length: 0\\r\\n\\r\\n".encode())
    elif fault == "drip":
        for letter in b"HTTP/1.1 200 OK\\r\\nX-Slow: " + b"y" * 100000:
            client.sendall(bytes([letter]))
            time.sleep(0.5)
    elif fault == "later" and path == "/v2/":
        client.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}")
    elif fault == "cut":
        client.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 900\\r\\n\\r\\n{")
        client.shutdown(socket.SHUT_RDWR)

def serve(client):
    rest = b""
    try:
        while piece := client.recv(65536):
            rest += piece
            while b"\\r\\n\\r\\n" in rest:
                head, _, rest = rest.partition(b"\\r\\n\\r\\n")
                answer(client, head.split()[1].decode())
    except OSError:
        pass

with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    if fault == "refused":
        server.close()
        time.sleep(1e6)
    kept = []
    while True:
        kept.append(server.accept()[0])
        if fault != "silent":
            threading.Thread(target=serve, args=(kept[-1],), daemon=True).start()
"""


@contextmanager
def faulty_registry(engine: Engine, fault: str) -> Iterator[str]:
    """The address of a registry with this fault, where the engine can reach it.

    "refused", "silent", "drip" (a byte each half second), "cut" (ends in the middle), "401",
    "429", "500", or "later": it answers the first question and no other.
    """
    inside = [] if engine.netns_pid is None else ["nsenter", "-t", str(engine.netns_pid), "-n"]
    argv = [*inside, sys.executable, "-c", _PROGRAM, fault]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.kill()
