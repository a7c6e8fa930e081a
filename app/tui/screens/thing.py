"""One thing of a list declared in `app/tui/holdings.py`: all fields of its view, as they are now."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from textual.content import Content

from app.tui import looks
from app.tui.columns.column import Column
from app.tui.holdings import LISTED
from app.tui.scene import Scene
from app.tui.screens.detail import DetailScreen
from app.tui.screens.fetching import ASKING, Fetching
from app.tui.screens.frame import bindings_of
from app.tui.screens.taking import Taking
from app.tui.session import Session
from app.tui.store import Changes

LABEL = 22
UNITS = {"_gib": "GiB", "_gb": "GB", "_mib": "MiB", "_bytes": "bytes"}


class ThingScreen(DetailScreen, Fetching, Taking):
    """`given` is the kind and the id, with a slash between them."""

    PLACE = "thing"
    BINDINGS = bindings_of("thing")

    def __init__(self, session: Session, given: str) -> None:
        super().__init__(session)
        self._given = given
        kind, _, self._thing_id = given.partition("/")
        self._listed = next(one for one in LISTED if one.kind == kind)

    def trail(self) -> list[str]:
        return [self._listed.place, self._title()]

    def spot(self) -> tuple[str, str]:
        return ("thing", self._given)

    def absorb(self, changes: Changes) -> None:
        if changes:
            self._draw()

    def age(self) -> None:
        self._draw()
        self.need()

    def reload(self) -> None:
        self._draw()
        self.need()

    def fetched(self) -> None:
        self._draw()

    @property
    def kind(self) -> str:
        return self._listed.kind

    def _view(self) -> Any:
        return self.session.copy.table(self.kind).get(self._thing_id)

    def _title(self) -> str:
        view = self._view()
        return self._listed.named(view) if view is not None else self._thing_id

    def _draw(self) -> None:
        view, scene = self._view(), self.session.scene()
        if view is not None:
            lines = [line for name, texts in facts(view, scene) for line in _lines(name, texts)]
        else:
            lines = [Content(scene.plain(f"{self._thing_id} is no more." if self.known else self.why_not or ASKING))]
        self.write(lines)

    # --- methods of the registry

    async def events_of(self) -> None:
        await self.console_app.go("events", f'about="{self._thing_id}"')

    def counted(self, number: int) -> str:
        return f"{number} {self._listed.one if number == 1 else self._listed.many}"

    def shown_columns(self) -> Sequence[Column[Any]]:
        return self._listed.columns

    def rows_to_take(self, *, all_shown: bool = False) -> Mapping[str, Any]:
        view = self._view()
        return {self._thing_id: view} if view is not None else {}


def facts(view: msgspec.Struct, scene: Scene) -> list[tuple[str, list[str]]]:
    """Say every field of a view in words, several where it holds several things; parts with fields of their own not."""
    found = []
    for field in msgspec.structs.fields(view):
        value = getattr(view, field.name)
        if not (isinstance(value, list | tuple) and value and isinstance(value[0], msgspec.Struct)):
            unit = next((unit for unit in UNITS if field.name.endswith(unit)), "")
            label = field.name.removesuffix("_at_ms").removesuffix(unit).replace("_", " ")
            texts = [scene.plain(f"{text} {UNITS.get(unit, '')}".rstrip()) for text in _texts(field.name, value, scene)]
            found.append((label, texts or [scene.dash]))
    return found


def _texts(name: str, value: Any, scene: Scene) -> list[str]:
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    if name.endswith("_at_ms"):
        return [scene.moment(value) + (f" ({scene.age(value)} ago)" if value else "")]
    if isinstance(value, dict):
        return [f"{key}={text}" for key, text in sorted(value.items())]
    if isinstance(value, list | tuple):
        return [str(one) for one in value]
    return [looks.of_thing(value).text(scene) if name == "state" else str(value)] if value != "" else []


def _lines(name: str, texts: list[str]) -> list[Content]:
    first, *more = texts
    return [Content.assemble((f"{name:<{LABEL}}", "dim"), first), *(Content(" " * LABEL + text) for text in more)]
