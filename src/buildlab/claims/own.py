"""A claim of one's own: a text to begin with, and its verdict before it is a file."""

from __future__ import annotations

import tempfile
from pathlib import Path

from buildlab.claims.reading import read_file
from buildlab.claims.running import Ledger, judging

QUIZ = (
    *("buildkit-with-go/016", "buildkit-with-go/018", "buildkit-with-go/054"),
    *("buildkit-with-go/057", "go-ci-layer-caching/018", "go-ci-layer-caching/044"),
    *("go-ci-layer-caching/064", "go-ci-layer-caching/075", "others/007", "others/021"),
)
"""What lesson 16 asks before it measures."""

TEMPLATE = """\
where = "the section that says so"
says = "With the source copied first, one edit downloads the modules again."
correct = "Yes: the download is below the COPY of the source."
experiment = "layer_cache.order"
holds = ['source first: state of 3 == "ran"']
expected = "holds"

[source]
title = "The page that you read"
url = "https://example.com/page"
kind = "article"
"""


def template() -> str:
    """A claim that can be tried as it is, for changing line by line."""
    return TEMPLATE


def try_out(text: str) -> Ledger:
    """Judge a claim that is not in a file yet. Raises UsageError that names line and remedy."""
    with tempfile.TemporaryDirectory(prefix="buildlab-") as folder:
        path = Path(folder) / "claims" / "yours" / "my-claim.toml"
        path.parent.mkdir(parents=True)
        path.write_text(text, "utf-8")
        claim = read_file(path, path.parents[1])
        return Ledger(tuple(j for part in judging([claim]) for j in part))
