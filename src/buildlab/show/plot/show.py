"""How a notebook cell ends: a plot with its sentence, its alt text and its table.

    show.waterfall(record)                    when each step worked
    show.graph(record)                        what waits for what
    show.compare({"naive": a, "ordered": b})  where the time of each build went
    show.sizes({"full": a, "slim": b})        what each image weighs
    show.matrix(m)                            which step ran again after which edit
    show.transfer(records)                    context sent against the time it took
    show.bars(rows, label=…, value=…, unit=…) one bar for each row of an experiment
    show.distribution(rows, label=…, value=…, unit=…) a dot for each row, by name

Each is its namesake in `buildlab.show.plot` made into a `Shown`; the
sentence is read off the same data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from buildlab.basics.visible import escaped
from buildlab.record import derive, phrases, words
from buildlab.record.compare import compare as side_by_side
from buildlab.record.compare import summary
from buildlab.record.matrix import Matrix, describe_matrix
from buildlab.record.model import BuildRecord
from buildlab.record.recorded import where_recorded
from buildlab.show import plot, tables
from buildlab.show.html import frame_table
from buildlab.show.plot.bars import told
from buildlab.show.plot.compare import ratio_words
from buildlab.show.plot.distribution import number, quantiles
from buildlab.show.plot.figure import Shown, figure

if TYPE_CHECKING:
    from pandas import DataFrame

Builds = Mapping[str, BuildRecord]


def waterfall(record: BuildRecord) -> Shown:
    """When each step of the build worked, by stage, in seconds."""
    return figure(
        plot.waterfall(record),
        words.describe(record),
        table_html=_html(tables.steps(record)),
        recorded=record.recorded,
    )


def graph(record: BuildRecord) -> Shown:
    """The build graph with the state of each step and the critical path."""
    steps = {s.key: s for s in record.steps}
    path = [
        phrases.short_instruction(steps[k].instruction, 40) for k in derive.critical_path(record)
    ]
    length = phrases.format_s(derive.totals(record).critical_path_s)
    chain = f" Critical path of {length}: {', then '.join(path)}." if path else ""
    return figure(
        plot.graph(record),
        words.describe(record) + chain,
        table_html=_html(tables.steps(record)),
        recorded=record.recorded,
    )


def compare(builds: Builds, *, by: Literal["kind", "step"] = "kind") -> Shown:
    """Where the wall time of each build went, or with `by="step"` what each step cost in each."""
    named = [replace(record, title=name) for name, record in builds.items()]
    two = len(named) == 2
    sentence = summary(side_by_side(*named)) if two else _walls(named)
    steps = two and by == "step"
    return figure(
        plot.compare(builds, by=by),
        sentence,
        table_html=_html(tables.comparison(*named) if steps else tables.totals(*named)),
        recorded=where_recorded(named),
    )


def sizes(images: Builds | BuildRecord) -> Shown:
    """The layers of one image, or of several, in compressed megabytes."""
    named = {images.title: images} if isinstance(images, BuildRecord) else images
    return figure(
        plot.sizes(images),
        words.describe_sizes(named),
        table_html="".join(
            f"<p><b>{escaped(name)}</b></p>{_html(tables.layers(r).drop(columns='digest'))}"
            for name, r in named.items()
        ),
        recorded=where_recorded(named.values()),
    )


def matrix(m: Matrix) -> Shown:
    """Edits against steps: which ran again."""
    return figure(
        plot.matrix(m),
        describe_matrix(m),
        table_html=_html(tables.matrix(m)),
        recorded=m.recorded,
    )


def transfer(records: Builds) -> Shown:
    """The context that each build sent, and how long that took."""
    return figure(
        plot.transfer(records),
        words.describe_transfer(records),
        table_html=_html(tables.transfer(records)),
        recorded=where_recorded(records.values()),
    )


def bars(
    rows: Iterable[Mapping[str, object]],
    *,
    label: str,
    value: str,
    unit: str,
    group: str = "",
    recorded: str = "",
) -> Shown:
    """One figure of each row of an experiment, as bars; see `plot.bars`."""
    listed = [dict(row) for row in rows]
    return figure(
        plot.bars(listed, label=label, value=value, unit=unit, group=group, recorded=recorded),
        _bar_sentence(listed, label, value, unit, group),
        table_html=_html(tables.rows(listed, recorded)),
        recorded=recorded,
    )


def distribution(
    rows: Iterable[Mapping[str, object]],
    *,
    label: str,
    value: str,
    unit: str,
    mark: str = "",
    recorded: str = "",
) -> Shown:
    """Many figures of one kind as dots; the table has their quantiles. See `plot.distribution`."""
    listed = [dict(row) for row in rows]
    found = quantiles(listed, label=label, value=value)
    said = (
        f"{row[label]}: median {told(number(row[f'median {value}']), unit)}, "
        f"largest {told(number(row[f'largest {value}']), unit)} of {row['builds']}"
        for row in found
    )
    return figure(
        plot.distribution(
            listed, label=label, value=value, unit=unit, mark=mark, recorded=recorded
        ),
        f"{'; '.join(said)}." if listed else "Nothing was measured.",
        table_html=_html(tables.rows(found, recorded)),
        recorded=recorded,
    )


def _bar_sentence(
    rows: list[dict[str, object]], label: str, value: str, unit: str, group: str
) -> str:
    """Every figure by its name: for those who can't see it, this is the figure."""
    if not rows:
        return "Nothing was measured."
    parts: dict[str, list[str]] = {}
    for row in rows:
        number = row[value]
        said = told(float(number), unit) if isinstance(number, int | float) else "nothing"
        heading = str(row[group]) if group else ""
        parts.setdefault(heading, []).append(f"{row[label]} {said}")
    told_groups = [f"{h}: {', '.join(p)}" if h else ", ".join(p) for h, p in parts.items()]
    return f"{'; '.join(told_groups)}."


def _walls(builds: list[BuildRecord]) -> str:
    """The wall time of each build, and how it compares with the first one's."""
    if not builds:
        return "No builds to compare."
    told = [f"{builds[0].title} {phrases.format_s(builds[0].wall_s)}"]
    for record in builds[1:]:
        ratio = ratio_words(record, builds[0])
        told.append(f"{record.title} {phrases.format_s(record.wall_s)} ({ratio})")
    return f"Wall time: {', '.join(told)}."


def _html(table: DataFrame) -> str:
    """The table in the look of all tables, without columns that are empty."""
    kept = [bool(table[c].notna().any() and (table[c] != "").any()) for c in table]
    return frame_table(table.loc[:, kept])
