"""The module store: Go modules on this machine, for builds in engines of ours without internet.

A folder in the layout of Go's own download cache, which is what a module proxy serves
(https://go.dev/ref/mod#goproxy-protocol, "module cache"). Each engine of ours serves it inside
its network, at an address that means nothing outside. The kit's Go image asks there first, and
then whatever Go would have asked.
"""

from __future__ import annotations

from typing import Final

STORE: Final = "169.254.213.1:8081"
"""Address and port, link-local: on the loopback interface of each engine's own network."""

STORE_URL: Final = f"http://{STORE}"
