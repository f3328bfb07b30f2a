"""Cache flags that buildx leaves out without a word."""

from __future__ import annotations

import pytest

from buildlab.builds.asked.caches import left_out

ACTIONS = {"ACTIONS_RUNTIME_TOKEN": "t", "ACTIONS_RESULTS_URL": "https://example.test"}


@pytest.mark.parametrize(
    ("flags", "env", "rules"),
    [
        (("--cache-to", "type=gha,mode=max"), {}, ["cache export"]),
        (("--cache-from=type=gha",), {}, ["cache import"]),
        (("--cache-from", "type=gha", "--cache-to", "type=gha"), {},
         ["cache import", "cache export"]),
        (("--cache-from", "type=gha"), ACTIONS, []),
        (("--cache-from", "type=gha"), {"ACTIONS_RUNTIME_TOKEN": "t"}, ["cache import"]),
        (("--cache-from", "type=gha,token=t,url=https://example.test"), {}, []),
        (("--cache-from", "type=registry,ref=gha"), {}, []),
        (("--cache-from", "user/app:cache"), {}, []),
    ],
)  # fmt: skip
def test_gha_outside_of_actions(
    flags: tuple[str, ...], env: dict[str, str], rules: list[str]
) -> None:
    """`type=gha` without a token or an address is named, import and export each."""
    found = list(left_out(flags, env))
    assert [rule for rule, _ in found] == rules
    assert all("type=gha was left out" in said for _, said in found)
