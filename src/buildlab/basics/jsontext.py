"""JSON that others may have written: whatever is wrong with it is a ValueError.

Python's own parser raises RecursionError where brackets are nested too deep, and takes NaN and
Infinity, which are no JSON and which nothing after it can count with.
"""

from __future__ import annotations

import json
import math
from typing import Any


def loads(text: str | bytes) -> Any:
    """The data. Raises ValueError where the text is no JSON, or none that can be held."""
    try:
        return json.loads(text, parse_float=_float, parse_constant=_constant)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"the number {digits[:20]} is too large")
    return value


def _constant(word: str) -> float:
    raise ValueError(f"{word} is no number")
