"""Cache imports and exports that buildx leaves out without a word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from buildlab.record.flags import values

_FLAGS = {"--cache-from": "cache import", "--cache-to": "cache export"}
_URLS = (("url", "ACTIONS_CACHE_URL"), ("url", "ACTIONS_RESULTS_URL"))


def left_out(flags: Sequence[str], env: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Rule and message of a warning for each.

    That is `type=gha` outside of GitHub Actions: buildx drops it where it finds no token or no
    address, in the flag or in the environment `env` of the client.
    """
    for flag, rule in _FLAGS.items():
        for value in values(flags, flag):
            given = dict(part.partition("=")[::2] for part in value.split(","))
            if given.get("type") == "gha" and not _active(given, env):
                yield (
                    rule,
                    f"{flag} type=gha was left out: there is no GitHub Actions around this build "
                    "(ACTIONS_RUNTIME_TOKEN and ACTIONS_RESULTS_URL are not set)",
                )


def _active(given: Mapping[str, str], env: Mapping[str, str]) -> bool:
    token = given.get("token") or env.get("ACTIONS_RUNTIME_TOKEN")
    address = given.get("url_v2") or any(given.get(g) or env.get(name) for g, name in _URLS)
    return bool(token and address)
