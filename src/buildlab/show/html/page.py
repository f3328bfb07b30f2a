"""From a template and its data to HTML that can stand anywhere: with the style sheet before it.

The sheet goes with each output, not with the notebook's first alone. A learner clears all outputs
and runs one cell; or runs the first again, whose import then does nothing, so that its output is
gone; or deletes it. Each of these would leave tables without their look. Where the kit makes the
page (`handout`), the sheet is there once; stored lessons have none.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.ext import Extension
from markupsafe import Markup

from buildlab.basics.visible import escaped
from buildlab.record.phrases import format_s, short_instruction
from buildlab.record.style import GLYPHS, NO_MATHS

HOME: Final = Path(__file__).parent


def render(template: str, **data: object) -> Markup:
    """A template with its data; all that is not HTML already is text, and made harmless."""
    return Markup(_environment().get_template(f"{template}.html").render(data))


def styled(content: Markup) -> Markup:
    """An output of its own: the content with the style sheet before it."""
    return Markup(f"<style>{sheet()}</style>{content}")


def unstyled(output: str) -> str:
    """An output without the sheet, for a page that has it; that of an older version stays."""
    return output.replace(f"<style>{sheet()}</style>", "")


@cache
def sheet() -> str:
    """The one style sheet, as short as it can be sent."""
    text = re.sub(r"/\*.*?\*/", "", (HOME / "style.css").read_text("utf-8"), flags=re.DOTALL)
    text = re.sub(r"\s*([{};,>])\s*", r"\1", " ".join(text.split()))
    return text.replace(": ", ":").replace(";}", "}").strip()


class _LineBreaks(Extension):
    """A line break beside a tag of a template is none on the page; any other is a space."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        joined = re.sub(r"(?<=[>}])\s*\n\s*|\s*\n\s*(?=[<{])", "", source.strip())
        return re.sub(r"\s*\n\s*", " ", joined)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HOME / "templates"),
        autoescape=True,
        auto_reload=False,
        finalize=_harmless,
        undefined=StrictUndefined,
        extensions=[_LineBreaks],
    )
    made.globals |= {"no_maths": NO_MATHS, "glyphs": GLYPHS}
    made.filters |= {
        "seconds": format_s,
        "short": short_instruction,
        "whole": lambda text: " ".join(text.split()),
        "name": lambda phase: phase.replace(" ", "-"),
        "breaking": _breaking,
    }
    return made


def _harmless(value: Any) -> Any:
    """What every expression of a template passes: Jinja's own escaping leaves controls in."""
    return value if hasattr(value, "__html__") else Markup(escaped(str(value)))


def _breaking(name: str) -> Markup:
    """A column's name, which may go on in the next line after each underscore."""
    # before a word, not before a unit
    return Markup(re.sub(r"_(?=[^_]{3})", "_<wbr>", escaped(name)))
