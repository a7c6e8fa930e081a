"""Puts pictures of the console on sheets, so that a person can look at hundreds of them.

EUCALYPTUS_PICTURES=FOLDER .venv/bin/python -m pytest tests/tui/test_states.py
.venv/bin/python -m tests.tui.sheets FOLDER
"""

import sys
from pathlib import Path

from PIL import Image, ImageDraw

WIDTH = 1560
ACROSS = {"200x60": 1, "normal": 2}
USUAL = 3
TITLE = 16


def sheet(paths: list[Path], across: int, target: Path) -> None:
    """Draw pictures of one size side by side, each below its name."""
    pictures = [Image.open(path) for path in paths]
    width = WIDTH // across
    height = max(width * picture.height // picture.width for picture in pictures)
    drawn = Image.new("RGB", (WIDTH, -(-len(paths) // across) * (height + TITLE)), "white")
    pen = ImageDraw.Draw(drawn)
    for number, (path, picture) in enumerate(zip(paths, pictures, strict=True)):
        x, y = number % across * width, number // across * (height + TITLE)
        pen.text((x + 4, y + 2), f"{path.parent.name}: {path.stem}", "black")
        small = picture.convert("RGB").resize((width - 4, height), Image.Resampling.LANCZOS)
        drawn.paste(small, (x, y + TITLE))
    drawn.save(target)


def main(folder: Path) -> None:
    for state in sorted(path for path in folder.iterdir() if path.is_dir()):
        paths, across = sorted(state.glob("*.png")), ACROSS.get(state.name, USUAL)
        each = across * max(2, across)
        for first in range(0, len(paths), each):
            sheet(paths[first : first + each], across, folder / f"{state.name}-{first // each + 1}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
