"""Keeps secrets out of all that is written and shown: by value, by name, and by shape.

*By value*: what a build is given as a secret is known (`given`, `declared`, and the files that
`build.known` reads), and is found as it is, in base64, hexadecimal and percent-encoding.
*By name*: the value that text gives to a secret's name (`TOKEN=…`, `"password": "…"`). Which
names mean a secret is BuildKit's own rule (its build check SecretsUsedInArgOrEnv) and its usual
kin; names that only say where a secret lies (`…_FILE`, `…_PATH`, `…_DIR`) and public keys are left
readable.
*By shape*: tokens of well-known services, private keys, signatures in URLs.
"""

from __future__ import annotations

from buildlab.masking.following import KeyLines
from buildlab.masking.given import declared, given, inside, url_secrets
from buildlab.masking.masker import MASK, Masker
from buildlab.masking.names import secret_name

__all__ = [
    "MASK",
    "KeyLines",
    "Masker",
    "declared",
    "given",
    "inside",
    "secret_name",
    "url_secrets",
]
