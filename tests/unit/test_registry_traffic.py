"""Bytes that an engine moved, read from a registry's access log."""

from __future__ import annotations

from buildlab.services.registry import Traffic

HEAD = '127.0.0.1 - - [21/Nov/2026:17:00:00 +0000] "'
LOG = "\n".join(
    HEAD + line
    for line in (
        'GET /v2/ HTTP/1.1" 200 2 "" "buildkit/v0.25"',
        'HEAD /v2/app/blobs/sha256:aa HTTP/1.1" 404 157 "" "buildkit/v0.25"',
        'GET /v2/cache/manifests/max HTTP/1.1" 200 900 "" "buildkit/v0.25"',
        'GET /v2/cache/blobs/sha256:bb HTTP/1.1" 200 1000 "" "buildkit/v0.25"',
        'GET /v2/cache/blobs/sha256:cc HTTP/1.1" 206 50 "" "buildkit/v0.25"',
        'GET /v2/cache/blobs/sha256:dd HTTP/1.1" 404 157 "" "buildkit/v0.25"',
        'POST /v2/app/blobs/uploads/ HTTP/1.1" 202 0 "" "buildkit/v0.25"',
        'PUT /v2/team/app/blobs/uploads/x?_state=y&digest=sha256%3Aee HTTP/1.1" 201 0 "" "b"',
        'PUT /v2/team/app/manifests/1 HTTP/1.1" 201 0 "" "buildkit/v0.25"',
    )
)


def test_pulled_and_pushed() -> None:
    """Answers that were given count as pulled, parts too; uploads by the size of their blob."""
    asked: list[tuple[str, str]] = []

    def size_of(repository: str, digest: str) -> int:
        asked.append((repository, digest))
        return 70

    traffic = Traffic()
    traffic.read(LOG, size_of)
    assert asked == [("team/app", "sha256:ee")]
    assert (traffic.pulled_bytes, traffic.pulled_blobs) == (1950, 2)
    assert (traffic.pushed_bytes, traffic.pushed_blobs) == (70, 1)
