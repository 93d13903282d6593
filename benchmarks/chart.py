"""A line chart as SVG: both axes logarithmic, one line a series, named at its end."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 190, 40, 50
COLOURS = ("#2a6fbb", "#d1603d", "#3d8b5f", "#7d5ba6", "#b08a2e", "#5c5c5c")
APART = 15
"""Least distance of two names."""

Points = Sequence[tuple[float, float]]


def line_chart(title: str, x: str, y: str, series: Mapping[str, Points]) -> str:
    """The chart's text. Points must be positive; a series may stand for itself alone."""
    places = [point for points in series.values() for point in points]
    across = Scale([place for place, _ in places], LEFT, WIDTH - RIGHT)
    up = Scale([place for _, place in places], HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        _text(LEFT, 20, title, size=14),
        _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x, anchor="middle"),
        f'<g transform="translate(16 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)">{_text(0, 0, y, anchor="middle")}</g>',
        *(_rule(across.at(tick), HEIGHT - BOTTOM, across.at(tick), TOP) for tick in across.ticks()),
        *(_text(across.at(tick), HEIGHT - BOTTOM + 18, short(tick), anchor="middle") for tick in across.ticks()),
        *(_rule(LEFT, up.at(tick), WIDTH - RIGHT, up.at(tick)) for tick in up.ticks()),
        *(_text(LEFT - 8, up.at(tick) + 4, short(tick), anchor="end") for tick in up.ticks()),
    ]
    names = _spread({name: up.at(points[-1][1]) for name, points in series.items()})
    for (name, points), colour in zip(series.items(), COLOURS * len(series), strict=False):
        drawn = [(across.at(a), up.at(b)) for a, b in points]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in drawn)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in drawn]
        parts.append(_text(drawn[-1][0] + 8, names[name] + 4, name, colour=colour))
    return "\n".join([*parts, "</svg>"]) + "\n"


class Scale:
    """A logarithmic axis from `start` to `end` that holds all `values`."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        self.low, self.high = math.log10(min(values)), math.log10(max(values))
        if self.high - self.low < 0.5:  # equal values belong into the middle
            self.low, self.high = self.low - 0.5, self.high + 0.5
        self.start, self.end = start, end

    def at(self, value: float) -> float:
        """Where a value lies."""
        return self.start + (math.log10(value) - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Powers of ten, with twos and fives between where there are few."""
        steps = (1, 2, 5) if self.high - self.low < 3 else (1,)
        every = [
            step * 10.0**power for power in range(math.floor(self.low), math.ceil(self.high) + 1) for step in steps
        ]
        return [tick for tick in every if self.low <= math.log10(tick) <= self.high]


def short(value: float) -> str:
    """A number with k, M or G."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def _spread(wanted: Mapping[str, float]) -> dict[str, float]:
    """Heights near the wanted ones, none closer to another than names need."""
    placed: dict[str, float] = {}
    lowest = -math.inf
    for name, height in sorted(wanted.items(), key=lambda item: item[1]):
        lowest = placed[name] = max(height, lowest + APART)
    return placed


def _text(x: float, y: float, text: str, anchor: str = "start", size: int = 12, colour: str = "#333") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}">{escape(text)}</text>'
    )


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd"/>'
