"""Plots: what is drawn is what the record says. Looks are judged by eye, facts here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from buildlab.record.matrix import Matrix
from buildlab.record.model import BuildRecord
from buildlab.record.steps import Interval, State, StepKey
from buildlab.show import plot
from buildlab.show.plot import show
from buildlab.show.plot.compare import split_wall
from tests.unit import factory

C, R = State.CACHED, State.RAN


def words(ax: Axes) -> str:
    """All text of the axes, as a reader meets it."""
    return "\n".join(t.get_text() for t in ax.findobj(Text))


def small_matrix() -> Matrix:
    steps = (StepKey("build", 2), StepKey("build", 3))
    labels = {steps[0]: "COPY . .", steps[1]: "RUN go build"}
    return Matrix(("nothing", "source file"), steps, labels, ((C, C), (C, R)))


DRAWN: dict[str, Callable[[Axes | None], Axes]] = {
    "waterfall": lambda ax: plot.waterfall(factory.record(), ax),
    "graph": lambda ax: plot.graph(factory.record(), ax),
    "compare": lambda ax: plot.compare({"a": factory.record(), "b": factory.one_stage()}, ax),
    "compare by step": lambda ax: plot.compare({"a": factory.record()}, ax, by="step"),
    "sizes": lambda ax: plot.sizes({"a": factory.record(), "b": factory.one_stage()}, ax),
    "sizes of one": lambda ax: plot.sizes(factory.record(), ax),
    "matrix": lambda ax: plot.matrix(small_matrix(), ax),
}


@pytest.mark.parametrize("name", DRAWN)
def test_draws_into_the_axes_it_is_given(name: str) -> None:
    """Given axes are used and returned; without any, new ones come on a figure of their own."""
    given = Figure().add_subplot()
    assert DRAWN[name](given) is given
    assert DRAWN[name](None).figure is not given.figure


def test_same_data_give_the_same_picture() -> None:
    """The PNG holds no date and no chance, so that a rebuilt handout has no false differences."""
    one, two = (plot.png(plot.waterfall(factory.one_stage())) for _ in range(2))
    assert one == two


@pytest.mark.parametrize("draw", [plot.waterfall, plot.graph])
@pytest.mark.parametrize("record", [factory.record(), factory.failed(), factory.one_stage()])
def test_every_step_is_named_with_its_state(
    draw: Callable[[BuildRecord], Axes], record: BuildRecord
) -> None:
    """Each step's keyword, and the word of each state that occurs, can be read."""
    said = words(draw(record))
    for step in record.steps:
        assert step.keyword in said
        if step.cacheable:
            assert step.state.value in said


def test_waterfall_draws_a_bar_where_work_was_done() -> None:
    """As many bars as steps that ran and kinds of internal work; a cached step has none."""
    record = factory.record()
    bars = [c for c in plot.waterfall(record).collections if c.get_paths()]
    ran = [s for s in record.steps if s.state is R]
    assert len(bars) == len(ran) + len({i.kind for i in record.internals})


def test_a_base_image_is_not_called_cached() -> None:
    """CACHED on FROM saves nothing, so that no plot calls it a hit."""
    only_from = factory.record(build_5=C, build_6=C, assets_2=C, final_1=C, final_2=C)
    cached = words(plot.waterfall(only_from)).count("○ cached")
    assert cached == sum(s.cacheable for s in only_from.steps)


def test_an_empty_build_is_drawn() -> None:
    """A build that failed before its first step gives an empty plot, no exception."""
    record = BuildRecord("x", "empty", (), ".", "Dockerfile", "", 0.0, 1)
    for draw in (plot.waterfall, plot.graph, plot.sizes):
        assert plot.png(draw(record))
    assert plot.png(plot.compare({"empty": record}))
    assert plot.png(plot.compare({"empty": record}, by="step"))


@pytest.mark.parametrize(
    "record", [factory.record(), factory.failed(), factory.one_stage()], ids=lambda r: r.title
)
def test_shares_add_up_to_the_wall_time(record: BuildRecord) -> None:
    """The pieces of a bar are as long together as the build took, parallel steps or not."""
    shares = split_wall(record)
    assert sum(shares.values()) == pytest.approx(record.wall_s)
    assert min(shares.values()) >= 0


def test_compare_says_how_many_times_as_fast() -> None:
    """The ratio to the first build stands beside each further bar."""
    slow, fast = factory.one_stage("slow", 20.0), factory.one_stage("fast", 1.0)
    assert "× as fast" in words(plot.compare({"slow": slow, "fast": fast}))
    assert "× as long" in words(plot.compare({"fast": fast, "slow": slow}))


def test_matrix_counts_what_each_edit_cost() -> None:
    """Each row says how many of its steps ran, or that all were cached."""
    said = words(plot.matrix(small_matrix()))
    assert "all cached" in said
    assert "1 of 2 ran" in said


@pytest.mark.parametrize("draw", [plot.waterfall, plot.graph, plot.sizes])
def test_recorded_builds_say_so(draw: Callable[[BuildRecord], Axes]) -> None:
    """A plot of a recorded build says where and when it was recorded; of a fresh one, nothing."""
    assert "recorded on a laptop" in words(
        draw(factory.record(recorded="recorded on a laptop, in May"))
    )
    assert "recorded" not in words(draw(factory.record()))


def test_compare_of_a_recorded_build_says_so() -> None:
    """One recorded build among others is enough for the caption."""
    both = {"a": factory.record(), "b": factory.record(recorded="recorded on a laptop")}
    assert "recorded on a laptop" in words(plot.compare(both))


def test_dollars_in_an_instruction_are_no_formula() -> None:
    """`$A $B` in a RUN is drawn as typed, not as mathematics."""
    rows = (("", 1, 1, "RUN echo $A_1 ${B} $PATH^2$", R, (0.0, 1.0), ()),)
    base = factory.one_stage()
    record = BuildRecord("d", "$x$", (), ".", "", "", 1.0, 0, steps=factory.steps(rows))
    assert plot.png(plot.waterfall(record))
    assert plot.png(plot.compare({"$a$": record, "b": base}, by="step"))


ROWS = (
    {"edit": "leaf", "mounts": "none", "wall_s": 12.5},
    {"edit": "leaf", "mounts": "both", "wall_s": 0.5},
    {"edit": "nothing", "mounts": "none", "wall_s": 0.25},
)


def test_bars_name_every_row_and_its_figure() -> None:
    """Each row has a bar, its name and its figure with unit; a group has its heading."""
    ax = plot.bars(ROWS, label="mounts", value="wall_s", unit="s", group="edit")
    words = [t.get_text().strip() for t in ax.texts]
    assert {"leaf", "nothing", "12.5 s", "0.50 s", "0.25 s"} <= set(words)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["none", "both", "none"]
    assert len(ax.patches) == len(ROWS)


def test_bars_say_their_figures_to_those_who_cannot_see() -> None:
    """The sentence holds every figure."""
    shown = show.bars(ROWS, label="mounts", value="wall_s", unit="s", group="edit")
    assert shown.alt == "leaf: none 12.5 s, both 0.50 s; nothing: none 0.25 s."
    assert "12.5" in shown.table_html
    assert show.bars((), label="a", value="b", unit="s").alt == "Nothing was measured."


def test_every_label_of_a_group_looks_different() -> None:
    """Eight bars of a group differ in colour and hatch, on paper too."""
    rows = [{"way": f"way {n}", "edit": "one", "wall_s": 1.0} for n in range(8)]
    ax = plot.bars(rows, label="way", value="wall_s", unit="s", group="edit")
    looks = {(p.get_facecolor(), p.get_hatch()) for p in ax.patches}
    assert len(looks) == 8
    assert len({p.get_hatch() for p in ax.patches}) == 8


def test_compare_by_step_heads_a_moved_step_with_both_places() -> None:
    """Two steps of two Dockerfiles never stand under one place; a moved one has both."""
    a = factory.record("a")
    at = next(i for i, s in enumerate(a.steps) if s.cacheable and s.intervals)
    moved = replace(a.steps[at], key=replace(a.steps[at].key, index=9))
    b = replace(a, steps=(*a.steps[:at], moved, *a.steps[at + 1 :]))
    assert f"{a.steps[at].key} → {moved.key}  " in words(plot.compare({"a": a, "b": b}, by="step"))


def test_compare_by_step_leaves_out_what_only_the_cache_answered() -> None:
    """Looking a step up takes microseconds and is no work: no bar, no group, no tiny axis."""
    ran = factory.record("a")
    idle = replace(
        ran, steps=tuple(replace(s, state=C, intervals=(Interval(1.0, 1.0001),)) for s in ran.steps)
    )
    said = words(plot.compare({"a": idle, "b": idle}, by="step"))
    assert "no step worked in any of these builds" in said
    assert "cached" not in said
    both = words(plot.compare({"a": ran, "b": idle}, by="step"))
    assert "cached" in both
    assert "no step worked" not in both
