"""Charts as SVG, made on the server: bars with the period before as a dashed line, and sparklines.

A chart has a title and a description for people who do not see it; the caller puts a table beneath it.
Numbers are whole: counts, or minor units with `write` for the labels of the axis. Pure.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from tracker.language.formats import format_number

WIDTH, HEIGHT = 340, 136
PLOT_WIDTH, BASE, TOP = 318, 118, 20
"""Of the bars: how wide all of them are, and the y of zero and of the highest value."""
SPARK_WIDTH, SPARK_HEIGHT, SPARK_MARGIN = 96, 28, 2
BAR_SHARE_PERCENT = 72
"""Of the width of a bar together with the space after it."""
MAX_GRID_LINES = 3


@dataclass(frozen=True)
class Bar:
    """One bar. `is_marked`: darker, such as a day with a sale."""

    value: int
    is_marked: bool = False


def bar_chart(
    key: str,
    title: str,
    description: str,
    bars: Sequence[Bar],
    *,
    previous: Sequence[int] = (),
    labels: Mapping[int, str] | None = None,
    write: Callable[[int], str] = format_number,
) -> Markup:
    """The chart. `key` makes its ids unique on the page; `labels`: number of a bar -> text below it."""
    highest = max([*(bar.value for bar in bars), *previous, 1])
    step = PLOT_WIDTH / max(len(bars), len(previous), 1)
    parts = [_grid(highest, write), _bars(bars, step, highest), _previous(previous, step, highest)]
    parts += [
        Markup('<path class="axis" d="M0 {}H{}"/>').format(BASE, PLOT_WIDTH),
        _labels(labels or {}, step),
    ]
    return Markup(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-labelledby="{key}-title {key}-desc">'
        '<title id="{key}-title">{}</title><desc id="{key}-desc">{}</desc>{}</svg>'
    ).format(WIDTH, HEIGHT, title, description, Markup("").join(parts), key=key)


def sparkline(values: Sequence[int], label: str) -> Markup:
    """A small line without axes. `label` says what it shows, such as "Rising, 54 clicks"."""
    highest, room = max([*values, 1]), SPARK_HEIGHT - 2 * SPARK_MARGIN
    gap = SPARK_WIDTH / max(len(values) - 1, 1)
    points = [
        f"{number * gap:.1f} {SPARK_HEIGHT - SPARK_MARGIN - value * room / highest:.1f}"
        for number, value in enumerate(values)
    ]
    line = Markup('<path class="ln" d="M{}"/>').format(" L".join(points)) if len(points) > 1 else Markup("")
    return Markup(
        '<svg class="chart spark" viewBox="0 0 {} {}" role="img" aria-label="{}">'
        '<path class="axis" d="M0 {}H{}"/>{}</svg>'
    ).format(SPARK_WIDTH, SPARK_HEIGHT, label, SPARK_HEIGHT - 0.5, SPARK_WIDTH, line)


def grid_step(highest: int) -> int:
    """1, 2 or 5 times a power of ten, so that at most three lines fit below the highest value."""
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power):
            if highest // step <= MAX_GRID_LINES:
                return step
        power *= 10


def _grid(highest: int, write: Callable[[int], str]) -> Markup:
    step = grid_step(highest)
    lines = [
        Markup(
            '<path class="grid" d="M0 {y:.1f}H{}"/><text x="{}" y="{below:.1f}" text-anchor="end">{}</text>'
        ).format(PLOT_WIDTH, WIDTH, write(value), y=_y(value, highest), below=_y(value, highest) + 4)
        for value in range(step, highest + 1, step)
    ]
    return Markup("").join(lines)


def _bars(bars: Sequence[Bar], step: float, highest: int) -> Markup:
    width = step * BAR_SHARE_PERCENT / 100
    return Markup("").join(
        Markup('<rect class="bar{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
            Markup(" hi") if bar.is_marked else "",
            number * step + (step - width) / 2,
            _y(bar.value, highest),
            width,
            BASE - _y(bar.value, highest),
        )
        for number, bar in enumerate(bars)
        if bar.value > 0
    )


def _previous(values: Sequence[int], step: float, highest: int) -> Markup:
    if len(values) < 2:
        return Markup("")
    points = (f"{(number + 0.5) * step:.1f} {_y(value, highest):.1f}" for number, value in enumerate(values))
    return Markup('<path class="prev" d="M{}"/>').format(" L".join(points))


def _labels(labels: Mapping[int, str], step: float) -> Markup:
    """The first one begins at the left edge; the others stand in the middle below their bars."""
    drawn = []
    for number, text in labels.items():
        place = (
            Markup('x="0"')
            if number == 0
            else Markup('x="{:.1f}" text-anchor="middle"').format((number + 0.5) * step)
        )
        drawn.append(Markup('<text {} y="{}">{}</text>').format(place, BASE + 14, text))
    return Markup("").join(drawn)


def _y(value: int, highest: int) -> float:
    """Negative values are drawn as zero: bars count things."""
    return BASE - max(value, 0) * (BASE - TOP) / highest
