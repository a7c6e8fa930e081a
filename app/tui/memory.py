"""What the console remembers from one time to the next: saved views, filters typed, the theme. Kept in `console.json`.

The file is read again before each change, so that two consoles do not forget each other's views. The trap: a file
that can not be read is somebody's work, so it is never written over; then nothing is kept, and that is said.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec

from app.client.whole_file import write_whole

MOST_FILTERS = 50


class View(msgspec.Struct, frozen=True, kw_only=True):
    """How a list is shown, columns by key: `sort` holds at most two, a minus before one that runs downwards."""

    name: str = ""
    columns: tuple[str, ...] = ()
    sort: tuple[str, ...] = ()
    filter: str = ""
    group: str = ""


class Kept(msgspec.Struct, kw_only=True):
    """The file; all maps go by the name of a place."""

    theme: str = ""
    views: dict[str, list[View]] = {}
    chosen: dict[str, str] = {}
    filters: dict[str, list[str]] = {}


class Memory:
    """`why_not` says why nothing is kept; empty if all is well."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self.why_not = ""
        self._kept = self._read()

    @property
    def theme(self) -> str:
        return self._kept.theme

    def views(self, place: str) -> list[View]:
        return list(self._kept.views.get(place, []))

    def chosen(self, place: str) -> View | None:
        """Return the view that was chosen last for a place."""
        name = self._kept.chosen.get(place, "")
        return next((view for view in self.views(place) if view.name == name), None)

    def filters(self, place: str) -> list[str]:
        """List filters typed before, the newest last."""
        return list(self._kept.filters.get(place, []))

    def set_theme(self, name: str) -> None:
        def work(kept: Kept) -> None:
            kept.theme = name

        self._change(work)

    def save_view(self, place: str, view: View) -> None:
        """Save a view, in place of one of the same name, and choose it."""

        def work(kept: Kept) -> None:
            others = [known for known in kept.views.get(place, []) if known.name != view.name]
            kept.views[place] = sorted([*others, view], key=lambda known: known.name.casefold())
            kept.chosen[place] = view.name

        self._change(work)

    def drop_view(self, place: str, name: str) -> None:
        def work(kept: Kept) -> None:
            kept.views[place] = [known for known in kept.views.get(place, []) if known.name != name]
            if kept.chosen.get(place) == name:
                del kept.chosen[place]

        self._change(work)

    def choose(self, place: str, name: str) -> None:
        """Remember which view a place is shown with; an empty name means none."""

        def work(kept: Kept) -> None:
            kept.chosen[place] = name

        self._change(work)

    def note_filter(self, place: str, text: str) -> None:
        def work(kept: Kept) -> None:
            others = [known for known in kept.filters.get(place, []) if known != text]
            kept.filters[place] = [*others, text][-MOST_FILTERS:]

        self._change(work)

    # --- the file

    def _change(self, work: Callable[[Kept], None]) -> None:
        if self._path is not None and not self.why_not:
            self._kept = self._read()
        work(self._kept)
        if self._path is None or self.why_not:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            text = msgspec.json.format(msgspec.json.encode(self._kept)).decode()
            write_whole(self._path, text + "\n")
        except OSError as error:
            self.why_not = f"{self._path} can not be written: {error.strerror}; nothing is kept"

    def _read(self) -> Kept:
        if self._path is None:
            return Kept()
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Kept)
        except FileNotFoundError:
            return Kept()
        except (OSError, msgspec.DecodeError) as error:
            self.why_not = f"{self._path} can not be read: {error}; nothing is kept until it is mended or removed"
            return Kept()
