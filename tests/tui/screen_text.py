"""Reads a screen back as text, cell by cell, from the SVG that Textual exports."""

import html
import re
from pathlib import Path

from rich.cells import cell_len
from textual.app import App

_CELL = 12.2
_LINE = 24.4
_FONT_PX = 20.9  # the size at which lines of DejaVu Sans Mono touch
_SPAN = re.compile(r'<text class="([^"]*)" x="([\d.]+)" (y="[^"]*")[^>]*>(.*?)</text>', re.DOTALL)
_TEXT = re.compile(r'<text class="[^"]*" x="([\d.]+)" y="([\d.]+)"[^>]*>(.*?)</text>', re.DOTALL)


def text_of(app: App[int]) -> str:
    """Return the whole screen, a line a row, without trailing blanks."""
    rows: dict[int, dict[int, str]] = {}
    matrix = app.export_screenshot().split('-matrix">', 1)[1]
    for x, y, content in _TEXT.findall(matrix):
        row = rows.setdefault(round((float(y) - 20) / _LINE), {})
        row[round(float(x) / _CELL)] = html.unescape(content).replace("\xa0", " ")
    lines = []
    for number in range(max(rows, default=0) + 1):
        line = ""
        for column, part in sorted(rows.get(number, {}).items()):
            line = line.ljust(column) + part
        lines.append(line.rstrip())
    return "\n".join(lines) + "\n"


def png_of(app: App[int], target: Path) -> None:
    """Write the screen as a picture for people to look at; every cell is placed by itself, so that none drifts."""
    import cairosvg

    svg = re.sub(r"@font-face\s*{.*?}", "", app.export_screenshot(), flags=re.DOTALL)
    svg = re.sub(r"font-family:[^;]*;", "font-family: DejaVu Sans Mono;", svg)
    svg = re.sub(r"font-size: 20px", f"font-size: {_FONT_PX}px", svg)
    head, cut, matrix = svg.partition('-matrix">')
    svg = head + cut + _SPAN.sub(_cells, matrix)
    cairosvg.svg2png(svg.encode(), write_to=str(target), scale=0.8)


def _cells(found: re.Match[str]) -> str:
    style, x, rest, content = found.groups()
    placed, at = [], float(x)
    for sign in html.unescape(content):
        if sign not in " \xa0":
            placed.append(f'<text class="{style}" x="{at:.1f}" {rest}>{html.escape(sign)}</text>')
        at += _CELL * max(1, cell_len(sign))
    return "".join(placed)
