"""Charts as SVG: real text, patterns beside colours, a title and a description for those who cannot see.

Every text is escaped here, and only here: what comes from data cannot become markup.
"""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from zjk_gis.drawing.palette import BLACK, BLUE, ORANGE, SKY, VERMILION
from zjk_gis.maps.style import DENSITY
from zjk_gis.reports.charts import described
from zjk_gis.reports.telling import amount, plain, share_of, told
from zjk_gis.text import display_width, shortened
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Callable

    from zjk_gis.layers.labels import Language
    from zjk_gis.reports.charts import Chart, Series, Tone

__all__ = ["drawn"]

_NARROW, _WIDE = 460, 950
_SIZE = 13  # of text
_NARROW_LETTER = 0.61  # the width of a capital or digit, by the size of text
_SOFT, _LINE, _GROUND = "#566474", "#d9e2ec", "#eef2f6"
_COLOURS: dict[Tone, str] = {
    "plain": BLUE,
    "good": BLUE,
    "near": SKY,
    "doubtful": ORANGE,
    "bad": VERMILION,
    "rest": "#c3ccd6",
}


def drawn(chart: Chart, lang: Language, number: int) -> str:
    """Draw a chart.

    Parameters
    ----------
    chart : Chart
    lang : {"zh", "en"}
    number : int
        Its number on the page, from which the names of its patterns are made.

    Returns
    -------
    str
        An ``<svg>`` element that is complete in itself.

    Examples
    --------
    >>> from zjk_gis.reports.charts import Chart, Series
    >>> chart = Chart("bars", "a < b", names=["<b>"], series=[Series("件", [3])])
    >>> picture = drawn(chart, "zh", 1)
    >>> "&lt;b&gt;" in picture, "<b>" in picture
    (True, False)
    """
    pen = _Pen(lang, f"c{number}", _WIDE if chart.kind in ("heat", "panels") else _NARROW)
    height = _DRAWERS[chart.kind](pen, chart)
    title, words = escape(plain(chart.title)), escape(plain(shortened(described(chart), 2000)))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {pen.width} {height:g}" role="img" '
        f'aria-labelledby="{pen.key}-t {pen.key}-d" font-size="{_SIZE}" class="{chart.kind}">'
        f'<title id="{pen.key}-t">{title}</title><desc id="{pen.key}-d">{words}</desc>'
        f"{pen.patterns()}{''.join(pen.parts)}</svg>"
    )


class _Pen:
    """Collects the parts of one picture."""

    def __init__(self, lang: Language, key: str, width: int) -> None:
        self.lang, self.key, self.width = lang, key, width
        self.parts: list[str] = []

    def text(
        self, x: float, y: float, text: str, *, anchor: str = "start", fill: str = BLACK, bold: bool = False,
        size: float = _SIZE, room: float = math.inf,
    ) -> None:  # fmt: skip
        """Write text; what is too long for its room is cut, and told whole when pointed at."""
        text = plain(text)
        cut = _cut(text, room, size)
        whole = f"<title>{escape(shortened(text, 300))}</title>" if cut != text else ""
        look = f'fill="{fill}" font-size="{size:g}"' + (' font-weight="600"' if bold else "")
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {look} '
            f'style="unicode-bidi:isolate">{escape(cut)}{whole}</text>'
        )

    def box(
        self, x: float, y: float, width: float, height: float, fill: str, *, edge: str = "none",
        dashed: bool = False, tip: str = "",
    ) -> None:  # fmt: skip
        """Draw a rectangle."""
        dash = ' stroke-dasharray="3 3"' if dashed else ""
        inner = f"<title>{escape(shortened(plain(tip), 300))}</title>" if tip else ""
        self.parts.append(
            f'<rect x="{x:.2f}" y="{y:.2f}" width="{max(width, 0):.2f}" height="{height:.2f}" '
            f'fill="{fill}" stroke="{edge}"{dash}>{inner}</rect>'
        )

    def line(
        self, points: list[tuple[float, float]], colour: str, *, width: float = 1, dash: str = ""
    ) -> None:
        """Draw a line."""
        where = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(
            f'<polyline points="{where}" fill="none" stroke="{colour}" stroke-width="{width:g}" '
            f'stroke-linejoin="round"{dashes}/>'
        )

    def area(self, points: list[tuple[float, float]], fill: str) -> None:
        """Fill a polygon."""
        where = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polygon points="{where}" fill="{fill}"/>')

    def dot(self, x: float, y: float, colour: str, radius: float = 2.6) -> None:
        """Mark a point."""
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{colour}"/>')

    def fill(self, tone: Tone) -> str:
        """Return the fill of a tone: colours that are told apart without colour, too."""
        return _COLOURS[tone] if tone in ("plain", "good", "rest") else f"url(#{self.key}-{tone})"

    def patterns(self) -> str:
        """Define the patterns: stripes for what is doubtful, a grid for what is bad, dots for no data."""
        return (
            f'<defs><pattern id="{self.key}-doubtful" width="6" height="6" patternUnits="userSpaceOnUse" '
            f'patternTransform="rotate(45)"><rect width="6" height="6" fill="{ORANGE}"/>'
            f'<rect width="2" height="6" fill="#fff" fill-opacity=".75"/></pattern>'
            f'<pattern id="{self.key}-near" width="6" height="6" patternUnits="userSpaceOnUse">'
            f'<rect width="6" height="6" fill="{SKY}"/><circle cx="3" cy="3" r="1.3" fill="#fff"/></pattern>'
            f'<pattern id="{self.key}-bad" width="6" height="6" patternUnits="userSpaceOnUse">'
            f'<rect width="6" height="6" fill="{VERMILION}"/>'
            f'<path d="M0 0L6 6M6 0L0 6" stroke="#fff" stroke-opacity=".8" stroke-width="1.2"/></pattern>'
            f'<pattern id="{self.key}-none" width="7" height="7" patternUnits="userSpaceOnUse">'
            f'<rect width="7" height="7" fill="#fff"/><circle cx="3.5" cy="3.5" r="1" fill="{_SOFT}"/>'
            "</pattern></defs>"
        )

    def no_data(self, x: float, y: float, width: float, height: float) -> None:
        """Say that there is no data."""
        self.box(x, y, width, height, f"url(#{self.key}-none)", edge=_SOFT, dashed=True)
        self.text(x + width + 6, y + height - 4, tr("no data", lang=self.lang), fill=_SOFT, size=_SIZE - 1)


def _bars(pen: _Pen, chart: Chart) -> float:
    """Draw horizontal bars with their values at the end; of numbers below zero to the left."""
    values = chart.series[0].amounts
    texts = [_told(chart, value) for value in values]
    names = min(max((_width(name[:200]) for name in chart.names), default=0), 0.42 * pen.width)
    left = names + 10
    room = pen.width - left - max((_width(text) for text in texts), default=0) - 10
    known = [value for value in values if value is not None]
    low, high = min([0.0, *known]), max([0.0, *known])
    scale = max(room, 60) / ((high - low) or 1)
    zero = left - low * scale
    for row, (name, value, text) in enumerate(zip(chart.names, values, texts, strict=True)):
        y = row * 25.0
        pen.text(left - 8, y + 17, name, anchor="end", room=names)
        if value is None:
            pen.no_data(left, y + 5, 46, 15)
            continue
        start = zero + min(value, 0) * scale
        pen.box(start, y + 4, max(abs(value) * scale, 1.5), 17, _COLOURS[chart.series[0].tone])
        pen.text(zero + max(value, 0) * scale + 6, y + 17, text)
    pen.line([(zero, 0), (zero, 25.0 * len(values))], "#9aa5b1")
    return max(25.0 * len(values), 10) + 2


def _shares(pen: _Pen, chart: Chart) -> float:
    """Draw what each whole consists of, with a key under each bar that gives the figures."""
    y = 0.0
    for row, name in enumerate(chart.names):
        amounts = [series.amounts[row] for series in chart.series]
        whole = sum(value or 0 for value in amounts)
        end = tr("{total} in all", total=amount(whole, chart.unit_of(row)), lang=pen.lang)
        pen.text(0, y + 14, name, bold=True, room=pen.width - _width(end) - 12)
        pen.text(pen.width, y + 14, end, anchor="end", fill=_SOFT)
        y += 21
        if whole <= 0 or any(value is None for value in amounts):
            pen.no_data(0, y, pen.width - 70, 20)
            y += 36
            continue
        pen.box(0, y, pen.width, 20, _GROUND)
        x = 0.0
        for series, value in zip(chart.series, amounts, strict=True):
            width = (value or 0) / whole * pen.width
            tip = f"{series.name} {share_of((value or 0) / whole)}"
            pen.box(x, y, max(width, 1.0 if value else 0), 20, pen.fill(series.tone), tip=tip)
            x += width
        y = _key(pen, chart, row, y + 27, whole) + 16
    return max(y - 8, 10)


def _key(pen: _Pen, chart: Chart, row: int, y: float, whole: float) -> float:
    """Write a key under a bar, in as many lines as it takes."""
    x = 0.0
    for series in chart.series:
        if series.tone == "rest" and len(chart.series) == 2:
            continue  # what is left of one share needs no key
        value = series.amounts[row] or 0
        text = f"{series.name} {share_of(value / whole)}"
        width = 16 + _width(text, _SIZE - 1) + 12
        if x and x + width > pen.width:
            x, y = 0.0, y + 18
        pen.box(x, y, 11, 11, pen.fill(series.tone))
        pen.text(x + 16, y + 10.5, text, size=_SIZE - 1, room=pen.width - 20)
        x += width
    return y + 12


def _lines(pen: _Pen, chart: Chart) -> float:
    height = 210.0
    left = 8 + max(_width(_short(t, chart)) for t in _ticks(_most(chart.series)))
    _plot(pen, chart, chart.series[0], (left, 16, pen.width - left - 14, height - 44), _most(chart.series))
    return height


def _panels(pen: _Pen, chart: Chart) -> float:
    """Draw small multiples, three a row, all on one scale."""
    across, high = 3, 150.0
    each = (pen.width - 24 * (across - 1)) / across
    most = _most(chart.series)
    left = 8 + max(_width(_short(t, chart)) for t in _ticks(most))
    for at, series in enumerate(chart.series):
        x, y = (at % across) * (each + 24), (at // across) * high
        total = amount(sum(value or 0 for value in series.amounts), chart.unit)
        end = tr("{total} in all", total=total, lang=pen.lang)
        pen.text(x, y + 14, series.name, bold=True, room=each - _width(end) - 8)
        pen.text(x + each, y + 14, end, anchor="end", fill=_SOFT, size=_SIZE - 1)
        _plot(pen, chart, series, (x + left, y + 26, each - left - 8, high - 62), most)
    return high * math.ceil(len(chart.series) / across) - 6


def _plot(
    pen: _Pen, chart: Chart, series: Series, where: tuple[float, float, float, float], most: float
) -> None:
    """Draw a line over months in a box, with its highest point named."""
    x0, y0, width, height = where
    ticks = _ticks(most)
    top = ticks[-1]

    def y_of(value: float) -> float:
        return y0 + height * (1 - value / top)

    for tick in ticks:
        pen.line([(x0, y_of(tick)), (x0 + width, y_of(tick))], _LINE)
        pen.text(x0 - 6, y_of(tick) + 4, _short(tick, chart), anchor="end", fill=_SOFT, size=_SIZE - 2)
    step = width / max(len(chart.names) - 1, 1)
    known = [(x0 + at * step, y_of(v), v) for at, v in enumerate(series.amounts) if v is not None]
    if known:
        points = [(x, y) for x, y, _ in known]
        pen.area([(points[0][0], y_of(0)), *points, (points[-1][0], y_of(0))], "#d8e8f3")
        pen.line(points, BLUE, width=2)
        if len(known) <= 40:
            for x, y in points:
                pen.dot(x, y, BLUE, 2.2)
        x, y, value = max(known, key=lambda point: (point[2], -point[0]))
        pen.dot(x, y, VERMILION, 3.4)
        anchor = "start" if x < x0 + 30 else "end" if x > x0 + width - 30 else "middle"
        pen.text(x, y - 7, _short(value, chart), anchor=anchor, bold=True, size=_SIZE - 1)
    fits = max(int(width / 62), 1)
    every = max(math.ceil(len(chart.names) / fits), 1)
    for at in range(0, len(chart.names), every):
        anchor = "start" if at == 0 else "end" if x0 + at * step > x0 + width - 24 else "middle"
        shift = -6 if at == 0 else 0
        pen.text(
            x0 + at * step + shift,
            y0 + height + 17,
            chart.names[at],
            anchor=anchor,
            fill=_SOFT,
            size=_SIZE - 2,
        )


def _heat(pen: _Pen, chart: Chart) -> float:
    """Draw a calendar of counts: the darker the more, and the number in each cell."""
    left = max((_width(name) for name in chart.names), default=0) + 14
    each = (pen.width - left) / max(len(chart.series), 1)
    most = _most(chart.series)
    for at, series in enumerate(chart.series):
        pen.text(left + (at + 0.5) * each, 13, series.name, anchor="middle", fill=_SOFT, size=_SIZE - 1)
        for row, value in enumerate(series.amounts):
            count = value or 0
            level = min(int(math.sqrt(count / most) * len(DENSITY)), len(DENSITY) - 1) if most else 0
            x, y = left + at * each, 20 + row * 27.0
            tip = f"{chart.names[row]} {series.name}: {count:,.0f}"
            pen.box(x, y, each - 1.5, 25.5, DENSITY[level] if count else "#ffffff", edge=_LINE, tip=tip)
            light = level >= len(DENSITY) - 2
            text = f"{count:.0f}" if count < 10_000 else f"{count / 1000:.0f}k"
            if count:
                fill = "#ffffff" if light else BLACK
                pen.text(x + each / 2 - 0.7, y + 17, text, anchor="middle", fill=fill, size=_SIZE - 2)
    for row, name in enumerate(chart.names):
        pen.text(left - 8, 20 + row * 27.0 + 17, name, anchor="end")
    return 20 + 27.0 * len(chart.names) + 2


def _lorenz(pen: _Pen, chart: Chart) -> float:
    """Draw who has how much of the load, beside the line on which all would have as much."""
    side, left, top = 236.0, 50.0, 10.0
    people, load = (series.amounts for series in chart.series)

    def at(x: float, y: float) -> tuple[float, float]:
        return left + x * side, top + (1 - y) * side

    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        pen.line([at(0, tick), at(1, tick)], _LINE)
        x, y = at(0, tick)
        pen.text(x - 6, y + 4, f"{tick:.0%}", anchor="end", fill=_SOFT, size=_SIZE - 2)
        x, y = at(tick, 0)
        pen.text(x, y + 17, f"{tick:.0%}", anchor="middle", fill=_SOFT, size=_SIZE - 2)
    curve = [at(x or 0, y or 0) for x, y in zip(people, load, strict=True)]
    pen.area([*curve, at(0, 0)], "#d8e8f3")
    pen.line([at(0, 0), at(1, 1)], BLACK, width=1.4, dash="5 4")
    pen.line(curve, BLUE, width=2.6)
    pen.text(
        *at(0.5, -0.145),
        tr("share of people, least loaded first", lang=pen.lang),
        anchor="middle",
        fill=_SOFT,
        size=_SIZE - 1,
    )
    x, y = at(1, 1)
    pen.text(x + 16, y + 12, chart.headline.split("\n")[0], bold=True, size=_SIZE + 3)
    lines = chart.headline.split("\n")[1:]
    for row, line in enumerate(lines):
        pen.text(x + 16, y + 36 + 19 * row, line, fill=_SOFT, size=_SIZE - 1)
    y += 50 + 19 * len(lines)
    pen.line([(x + 16, y), (x + 40, y)], BLUE, width=2.6)
    pen.text(x + 46, y + 4, tr("share of load", lang=pen.lang), size=_SIZE - 1)
    pen.line([(x + 16, y + 20), (x + 40, y + 20)], BLACK, width=1.4, dash="5 4")
    pen.text(x + 46, y + 24, tr("all equal", lang=pen.lang), size=_SIZE - 1)
    return top + side + 46


_DRAWERS: dict[str, Callable[[_Pen, Chart], float]] = {
    "bars": _bars,
    "shares": _shares,
    "lines": _lines,
    "panels": _panels,
    "heat": _heat,
    "lorenz": _lorenz,
}


def _width(text: str, size: float = _SIZE) -> float:
    """Estimate how wide text is drawn: capitals and digits are wider than half a Chinese character."""
    wide = display_width(text) - len(text)
    return (wide + (len(text) - wide) * _NARROW_LETTER) * size


def _cut(text: str, room: float, size: float) -> str:
    """Cut text to what fits."""
    line = shortened(text, 300)
    if _width(line, size) <= room:
        return line
    taken = size  # of the …
    for at, character in enumerate(line):
        taken += _width(character, size)
        if taken > room:
            return line[:at].rstrip("… ") + "…"
    return line


def _told(chart: Chart, value: float | None) -> str:
    if value is None:
        return ""
    if chart.unit:
        return amount(value, chart.unit)
    return told(chart.value_kind, value)


def _most(series: list[Series]) -> float:
    return max((value or 0 for one in series for value in one.amounts), default=0)


def _ticks(most: float) -> list[float]:
    """Choose three to six round values from 0 to above the highest."""
    if most <= 0:
        return [0.0, 1.0]
    rough = most / 4
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough)
    step = max(step, 1.0) if float(most).is_integer() else step
    return [step * at for at in range(math.ceil(most / step) + 1)]


def _short(value: float, chart: Chart) -> str:
    """Write a number for an axis."""
    if chart.value_kind == "share":
        return share_of(value)
    if value >= 1e6:
        return f"{value / 1e6:g}M"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:g}"
