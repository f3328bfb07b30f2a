"""HTML to PDF by Chromium, and what it can't do by itself: page numbers in the text, links
between files."""

from __future__ import annotations

import logging
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from buildlab.handout import chromium

PLACE = re.compile(r'(<span class="page" data-of="([^"]+)">)\d+(</span>)')
logging.getLogger("pypdf").setLevel(logging.ERROR)  # Chromium counts its objects generously


def print_pdf(html: str, pdf: Path) -> None:
    """Print a page; where its text names pages, twice: numbers are known once the pages are set.

    CSS would have `target-counter` for it, which Chromium lacks. A number's place is as wide
    before as after, so the second print breaks its pages where the first did.
    """
    with tempfile.TemporaryDirectory(prefix="printing-", dir=pdf.parent) as folder:
        source, printed = Path(folder) / "page.html", Path(folder) / "page.pdf"
        source.write_text(html, "utf-8")
        chromium.print_pdf(source, printed)
        if PLACE.search(html):
            source.write_text(numbered(html, pages_of(printed)), "utf-8")
            chromium.print_pdf(source, printed)
        link_files(printed, pdf)


def numbered(html: str, pages: Mapping[str, int]) -> str:
    """The page numbers in their places; "–" where a place was not printed."""
    return PLACE.sub(lambda m: f"{m[1]}{pages.get(m[2], '–')}{m[3]}", html)


def pages_of(pdf: Path) -> dict[str, int]:
    """The page, from 1, of each place that a link in the PDF leads to."""
    from pypdf import PdfReader

    reader = PdfReader(pdf)
    places = reader.named_destinations
    found = {name: reader.get_destination_page_number(place) for name, place in places.items()}
    return {unquote(name.lstrip("/")): page + 1 for name, page in found.items() if page is not None}


def link_files(printed: Path, pdf: Path) -> None:
    """Write the PDF with links to other handouts that hold wherever the folder is moved to.

    Chromium writes a relative link as the whole path on this machine.
    """
    from pypdf import PdfWriter
    from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject
    from pypdf.generic import TextStringObject as Text

    writer = PdfWriter(clone_from=printed)
    writer.pdf_header = "%PDF-1.7"  # a tagged file is none of version 1.3, pypdf's own default
    for page in writer.pages:
        for reference in page.get("/Annots", ()):
            note = reference.get_object()
            target = urlsplit(str(note.get("/A", {}).get("/URI", "")))
            if target.scheme != "file":
                continue
            note[NameObject("/A")] = DictionaryObject(
                {
                    NameObject("/S"): NameObject("/GoToR"),
                    NameObject("/F"): Text(PurePosixPath(unquote(target.path)).name),
                    NameObject("/D"): ArrayObject([NumberObject(0), NameObject("/Fit")]),
                }
            )
    writer.write(pdf)
