"""How the kit's types and data frames look in a notebook: told to IPython by type, here only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from buildlab.claims.running import Ledger
from buildlab.record.compare import Comparison, summary
from buildlab.record.matrix import Matrix, describe_matrix
from buildlab.record.model import BuildRecord
from buildlab.record.words import record_text
from buildlab.setup.doctor.model import Report
from buildlab.show import html
from buildlab.show.html.claims import ledger_html
from buildlab.show.html.doctor import report_html
from buildlab.show.widgets.kernel import shell

LOOKS: dict[type, tuple[Callable[[Any], str], Callable[[Any], str]]] = {
    BuildRecord: (html.record_html, record_text),
    Comparison: (html.comparison_html, summary),
    Matrix: (html.matrix_html, describe_matrix),
    Report: (report_html, repr),
    Ledger: (ledger_html, str),
}
"""Type → its HTML, and its text where there is no HTML."""


def register() -> None:
    """Show values of these types, and data frames, as the kit's tables. Nothing in a script.

    pandas stays unimported until somebody makes a frame.
    """
    found = shell()
    if found is None:
        return
    formatters = found.display_formatter.formatters
    for kind, (html_of, text_of) in LOOKS.items():
        formatters["text/html"].for_type(kind, html_of)
        formatters["text/plain"].for_type(kind, _printing(text_of))
    for home in ("pandas", "pandas.core.frame"):  # pandas 3 and those before
        formatters["text/html"].for_type_by_name(home, "DataFrame", html.frame_html)


def _printing(text_of: Callable[[Any], str]) -> Callable[[Any, Any, bool], None]:
    """IPython's form: text goes to a printer, so that a list of builds is a list of sentences."""

    def pretty(value: Any, printer: Any, _cycle: bool) -> None:
        printer.text(text_of(value))

    return pretty
