"""Curves as inline SVG, by hand: a shared axis of time, a band for every fault, a line for every deploy step."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from harness.report.html.series import Curve, Panel, Series, Span
from harness.report.html.text import cut, name, safe, table, tag

WIDTH, LEFT, RIGHT, TOP = 1000, 62, 8, 8
HEIGHT = 120  # of a panel's drawing
DASHES = ("", "6 3", "2 3")  # of the first, second, third curve: colour is not the only difference
SILENT = 4.0  # s without a value that break a curve, where bins are shorter
ROWS = 40  # of the table that says the same


def panel(data: Series, one: Panel, mark: str = "") -> str:
    """A panel: its drawing, and a table that says the same.

    Args:
        mark: what its ids end with, where a page has more than one.
    """
    ident = name(one.title) + mark
    if not one.lines:
        return tag("figure", tag("figcaption", tag("b", safe(one.title)), f": {safe(one.missing)}"), class_="none")
    top, low, high = _range(one)
    scale = _scale(low, high, one.log)
    parts = [_grid(data), _ticks(low, high, one.log, scale), _bands(data)]
    parts += [_curve(data, line, scale, index) for index, line in enumerate(one.lines)]
    about = f"{one.title} in {one.unit} from {data.begin:.0f} to {data.end:.0f} s; highest {_said(top)}"
    drawing = tag(
        "svg", tag("title", safe(one.title), id=f"t-{ident}"), tag("desc", safe(about), id=f"d-{ident}"), *parts,
        viewBox=f"0 0 {WIDTH} {HEIGHT + TOP + 18}", role="img", aria_labelledby=f"t-{ident} d-{ident}",
        preserveAspectRatio="none", class_="panel",
    )  # fmt: skip
    legend = "".join(
        tag("li", tag("svg", _sample(index, line), viewBox="0 0 24 8", aria_hidden="true"), safe(line.label))
        for index, line in enumerate(one.lines)
    )
    caption = tag("figcaption", tag("b", safe(one.title)), f" {safe(one.unit)}", tag("ul", legend, class_="legend"))
    return tag("figure", caption, drawing, _numbers(one), id=f"panel-{ident}")


def x(data: Series, at: float) -> float:
    """Where a moment lies."""
    return LEFT + (WIDTH - LEFT - RIGHT) * (at - data.begin) / (data.end - data.begin)


def axis(data: Series, mark: str = "") -> str:
    """The axis of time with phases, runs of the deployer, faults and marks above all panels."""
    rows = _rows([span for span in data.spans if span.kind == "phase"])
    deployers = _rows([span for span in data.spans if span.kind == "deployer"])  # two may work at the same time
    faults = _rows([span for span in data.spans if span.kind == "fault"])
    height = 18 * (len(rows) + len(deployers) + len(faults)) + 34
    parts, y = [_grid(data, height - 16)], 4.0
    for row in [*rows, *deployers, *faults]:
        parts += [_bar(data, span, y) for span in row]
        y += 18
    for one in data.marks:
        at = x(data, one.at)
        shape = tag("path", tag("title", f"{one.at:.1f} s: {safe(one.text)}"), d=f"M{at:.1f} {y} l4 7 h-8 z")
        parts.append(tag("a", shape, href=f"#e{one.event}", class_=f"mark {one.kind}", aria_label=one.text))
    about = "; ".join(f"{span.kind} {span.text} from {span.start:.1f} to {span.end:.1f} s" for span in data.spans[:40])
    words = (tag("title", "What happened when", id=f"t-axis{mark}"), tag("desc", safe(about), id=f"d-axis{mark}"))
    drawing = tag(
        "svg", *words, *parts,
        viewBox=f"0 0 {WIDTH} {height + 2}", role="group", aria_labelledby=f"t-axis{mark} d-axis{mark}", class_="axis",
    )  # fmt: skip
    key = tag("figcaption", tag("b", "Phases, deployments and faults"), " seconds since the run began")
    return tag("figure", key, drawing)


def releases(data: Series, mark: str = "") -> str:
    """Which release each replica ran, as strips with their names in them."""
    if not data.releases:
        return tag("figure", tag("figcaption", tag("b", "Releases"), ": no replica was asked"), class_="none")
    known = list(dict.fromkeys(span.text for _, spans in data.releases for span in spans))
    height, parts = 20 * len(data.releases) + 20, [_grid(data, 20 * len(data.releases) + 2)]
    for row, (replica, spans) in enumerate(data.releases):
        y = 20 * row + 2
        parts.append(tag("text", cut(replica, 11), x=LEFT - 6, y=y + 12, class_="tick end"))
        for span in spans:
            a, b = x(data, span.start), x(data, span.end)
            parts.append(
                tag(
                    "rect", tag("title", f"{safe(replica)} runs {safe(span.text)} from {span.start:.1f} s"),
                    x=f"{a:.1f}", y=y, width=f"{max(1.0, b - a):.1f}", height=15,
                    class_=f"release r{known.index(span.text) % 4}",
                )
            )  # fmt: skip
            if b - a > 7 * len(span.text):
                parts.append(tag("text", cut(span.text, 20), x=f"{a + 4:.1f}", y=y + 12, class_="in"))
    drawing = tag(
        "svg", tag("title", "Releases", id=f"t-rel{mark}"), *parts, viewBox=f"0 0 {WIDTH} {height}", role="img",
        aria_labelledby=f"t-rel{mark}", class_="axis",
    )  # fmt: skip
    rows = [[safe(replica), f"{span.start:.1f}", safe(span.text)] for replica, spans in data.releases for span in spans]
    more = tag("details", tag("summary", "As a table"), table(["replica", "from s", "release"], rows, "Releases"))
    return tag("figure", tag("figcaption", tag("b", "Release of each replica")), drawing, more)


# -- parts -------------------------------------------------------------------------------------------------------------


def _range(one: Panel) -> tuple[float, float, float]:
    values = [value for line in one.lines for value in line.values if value is not None]
    top = max(values, default=1.0)
    if one.log:
        low = min((value for value in values if value > 0), default=1.0)
        return top, 10 ** math.floor(math.log10(low)), 10 ** math.ceil(math.log10(max(top, low * 1.01)))
    return top, 0.0, _nice(top)


def _nice(top: float) -> float:
    if top <= 0:
        return 1.0
    size: float = 10.0 ** math.floor(math.log10(top))
    return next(size * step for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if size * step >= top)


def _scale(low: float, high: float, log: bool) -> Callable[[float], float]:
    def place(value: float) -> float:
        if log:
            share = (math.log10(max(value, low)) - math.log10(low)) / max(1e-9, math.log10(high) - math.log10(low))
        else:
            share = (value - low) / max(1e-9, high - low)
        return TOP + HEIGHT * (1 - min(1.0, max(0.0, share)))

    return place


def _ticks(low: float, high: float, log: bool, scale: Callable[[float], float]) -> str:
    steps = round(math.log10(high / low)) if log else 2
    values = (
        [low * 10**n for n in range(steps + 1)] if log else [low + (high - low) * n / steps for n in range(steps + 1)]
    )
    return "".join(
        tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=f"{scale(v):.1f}", y2=f"{scale(v):.1f}", class_="grid")
        + tag("text", _said(v), x=LEFT - 6, y=f"{scale(v) + 4:.1f}", class_="tick end")
        for v in values
    )


def _said(value: float) -> str:
    return f"{value:,.0f}".replace(",", " ") if value >= 10 or value == int(value) else f"{value:.3g}"


def _grid(data: Series, height: float = TOP + HEIGHT) -> str:
    length = data.end - data.begin
    every = next(
        (n for n in (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600) if length / n <= 14), length / 10
    )
    first = math.ceil(data.begin / every)
    parts = []
    for n in range(first, int(data.end / every) + 1):
        at = x(data, n * every)
        parts.append(tag("line", x1=f"{at:.1f}", x2=f"{at:.1f}", y1=0, y2=height, class_="grid"))
        parts.append(tag("text", f"{n * every:g}", x=f"{at:.1f}", y=height + 13, class_="tick mid"))
    return "".join(parts)


def _bands(data: Series) -> str:
    parts = []
    for span in data.spans:
        a, b = x(data, span.start), x(data, span.end)
        if span.kind == "fault":
            title = tag("title", f"fault: {safe(span.text)}")
            width = f"{max(1.0, b - a):.1f}"
            parts.append(tag("rect", title, x=f"{a:.1f}", y=TOP, width=width, height=HEIGHT, class_="band fault"))
        elif span.kind == "deployer":
            width = f"{max(1.0, b - a):.1f}"
            title = tag("title", safe(span.text))
            parts.append(tag("rect", title, x=f"{a:.1f}", y=TOP, width=width, height=HEIGHT, class_="band deployer"))
    return "".join(parts)


def _curve(data: Series, line: Curve, scale: Callable[[float], float], index: int) -> str:
    path, pen, before, gap = [], False, -math.inf, max(SILENT, 4 * data.bin)
    for at, value in zip(line.times, line.values, strict=False):
        if value is None or not data.begin - 1e-6 <= at <= data.end + data.bin:
            pen = False
            continue
        pen, before = pen and at - before <= gap, at  # no line over a time that was not looked at
        path.append(f"{'L' if pen else 'M'}{x(data, min(at, data.end)):.1f} {scale(value):.1f}")
        if not pen:
            path.append("h0.1")  # a point by itself is a dot
        pen = True
    beside = " beside" if line.beside else ""
    title = tag("title", safe(line.label))
    return tag(
        "path", title, d=" ".join(path), class_=f"curve c{index % 7}{beside}", stroke_dasharray=_dash(index, line)
    )


def _dash(index: int, line: Curve) -> str | None:
    return "3 4" if line.beside else DASHES[index % 3] or None


def _sample(index: int, line: Curve) -> str:
    beside = " beside" if line.beside else ""
    return tag("path", d="M0 4h24", class_=f"curve c{index % 7}{beside}", stroke_dasharray=_dash(index, line))


def _bar(data: Series, span: Span, y: float) -> str:
    a, b = x(data, span.start), x(data, span.end)
    width = max(2.0, b - a)
    title = tag("title", f"{safe(span.kind)}: {safe(span.text)}, {span.start:.1f} to {span.end:.1f} s")
    made = tag("rect", title, x=f"{a:.1f}", y=y, width=f"{width:.1f}", height=15, class_=f"bar {span.kind}")
    room = int(width / 6.4)
    return made + (tag("text", cut(span.text, room), x=f"{a + 3:.1f}", y=y + 11.5, class_="in") if room >= 3 else "")


def _rows(spans: Sequence[Span]) -> list[list[Span]]:
    """So many rows that no two bars of one overlap; four at most."""
    rows: list[list[Span]] = []
    for span in spans:
        free = next((row for row in rows if row[-1].end <= span.start + 1e-6), None)
        if free is not None:
            free.append(span)
        elif len(rows) < 4:
            rows.append([span])
        else:
            rows[-1].append(span)
    return rows


def _numbers(one: Panel) -> str:
    """The same as a table, thinned out."""
    longest = max(one.lines, key=lambda line: len(line.times))
    every = max(1, math.ceil(len(longest.times) / ROWS))
    shared = all(len(line.times) == len(longest.times) for line in one.lines)
    if shared:
        rows = [
            [f"{longest.times[n]:.1f}", *(_cell(line.values[n]) for line in one.lines)]
            for n in range(0, len(longest.times), every)
        ]
        head = ["s", *(safe(line.label) for line in one.lines)]
    else:
        head = ["", "s", safe(one.unit)]
        rows = [
            [safe(line.label), f"{line.times[n]:.1f}", _cell(line.values[n])]
            for line in one.lines
            for n in range(0, len(line.times), max(1, math.ceil(len(line.times) * len(one.lines) / ROWS)))
        ]
    return tag("details", tag("summary", "As a table"), table(head, rows, f"{one.title}, {one.unit}"))


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"
