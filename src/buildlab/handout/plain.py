"""An extension for the kernel that executes a handout's lessons: questions on paper, no boxes.

A question that has a plain twin shows the twin. It is asked of the kernel rather than repaired
afterwards: a box that nobody checked would leave nothing to print.
"""

from __future__ import annotations

from typing import Any


def load_ipython_extension(shell: Any) -> None:
    """Show every question of `buildlab.show.widgets` as its plain HTML twin."""
    from buildlab.show import widgets

    formatter = shell.display_formatter.ipython_display_formatter
    for kind in vars(widgets).values():
        if isinstance(kind, type) and {"_ipython_display_", "_repr_html_"} <= _methods(kind):
            formatter.for_type(kind, _show)


def _methods(kind: type) -> set[str]:
    return {name for base in kind.__mro__ for name in vars(base)}


def _show(question: Any) -> None:
    from IPython.display import display

    bundle = {"text/html": question._repr_html_(), "text/plain": repr(question)}
    display(bundle, raw=True)  # type: ignore[no-untyped-call]
