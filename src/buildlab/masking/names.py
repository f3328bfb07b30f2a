"""Which names mean a secret."""

from __future__ import annotations

import functools
import re

_WORDS = (
    r"apikey|auth|bearer|credentials?|jwt|key|passphrase|passwd|password|pat|pin|pword|pw|pwd"
    r"|secrets?|token"
)
_SECRET = re.compile(
    rf"(?:_|^)(?:{_WORDS})(?:_|$)|(?:_|^)(?:cookie|pass|pass_?code|signature|connection_?string)$"
    r"|(?:apikey|authkey|credentials?|passwd|password|secret|token|sshpass)$",
    re.I,
)
_HARMLESS = re.compile(
    r"(?:_|^)public(?:_|$)|_(?:file|path|dir|stdin|ttl)$|^(?:old)?pwd$|^pass$|^cache_?key$", re.I
)
_BARE = re.compile(r"key|auth|pat|pin|pw|pass|cookie|signature|bearer")
"""Lower-case words that logs use for harmless things (`key=main.go`)."""
_STRONG = re.compile(
    r"(?:passphrase|passwd|password|pword|secret|token|(?:api|access|private|account|secret)_?key"
    r"|credentials?|connection_?string)$",
    re.I,
)
_SIGNED = frozenset(
    {
        *("sig", "signature", "policy", "key_pair_id", "googleaccessid", "awsaccesskeyid"),
        *("key", "auth", "pass", "pw", "pwd", "code", "sas", "hmac", "ticket", "session"),
    }
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[-.:/]+")


def _plain(name: str) -> str:
    """`dbPassword`, `db-password` and `db.password` as a variable would be called."""
    return _CAMEL.sub("_", name)


@functools.lru_cache(maxsize=4096)
def secret_name(name: str) -> bool:
    """Whether a variable, an argument, a label or a field of this name holds a secret."""
    plain = _plain(name)
    found = bool(_SECRET.search(plain)) and not _HARMLESS.search(plain)
    return found and not _BARE.fullmatch(name)


@functools.lru_cache(maxsize=4096)
def plainly_secret(name: str) -> bool:
    """Whether a name means a secret even in prose, as before a colon."""
    plain = _plain(name)
    return bool(_STRONG.search(plain)) and not _HARMLESS.search(plain)


@functools.lru_cache(maxsize=4096)
def query_name(name: str) -> bool:
    """Whether a parameter of a URL gives access, or is part of what does."""
    plain = _plain(name).lower()
    return plain.startswith(("x_amz_", "x_goog_")) or plain in _SIGNED or secret_name(name)
