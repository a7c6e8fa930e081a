"""What the person's own machine holds for the console: `console.toml` written by them, `console.json` kept by it,
and the clouds they know. A console without a home (a test, a browser) keeps nothing and knows one cloud.
"""

import difflib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

from app.client import contexts
from app.client.contexts import Context, Contexts
from app.client.http import Cloud
from app.tui.actions import ACTIONS, Action
from app.tui.keymap import remapped
from app.tui.memory import Memory

COMMAND = "euca console"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`console.toml`. `animations`: none, basic or full; else what TEXTUAL_ANIMATIONS says."""

    ascii: bool = False
    animations: Literal["", "none", "basic", "full"] = ""
    theme: str = ""
    keys: dict[str, str] = {}


def opened(context: Context) -> Cloud:
    return Cloud(context.url, context.token, command=COMMAND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """`actions` is the registry with the person's own keys; `wrong` has a line for whatever was not understood."""

    contexts_path: Path | None = None
    settings: Settings = field(default_factory=Settings)
    memory: Memory = field(default_factory=Memory)
    actions: tuple[Action, ...] = ACTIONS
    wrong: tuple[str, ...] = ()
    open: Callable[[Context], Cloud] = opened

    def clouds(self) -> Contexts:
        """Read the clouds of the file as it is now; raises ContextError."""
        return contexts.load(self.contexts_path) if self.contexts_path else Contexts()


def at_home(environ: Mapping[str, str]) -> Home:
    """Read what the person keeps for the console; what is wrong never hinders its start."""
    path = contexts.default_path(environ)
    settings, wrong = _settings(path.with_name("console.toml"))
    actions, clashes = remapped(ACTIONS, settings.keys)
    memory = Memory(path.with_name("console.json"))
    said = [*wrong, *clashes, *([memory.why_not] if memory.why_not else [])]
    return Home(contexts_path=path, settings=settings, memory=memory, actions=actions, wrong=tuple(said))


def _settings(path: Path) -> tuple[Settings, list[str]]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
        return msgspec.convert(found, Settings), [_unknown(path, name) for name in found if name not in _NAMES]
    except FileNotFoundError:
        return Settings(), []
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        return Settings(), [f"{path.name} is passed over: {error}"]


def _unknown(path: Path, name: str) -> str:
    near = difflib.get_close_matches(name, _NAMES, n=1)
    return f"{path.name}: there is no setting {name}" + (f"; did you mean {near[0]}?" if near else "")


_NAMES = tuple(entry.name for entry in msgspec.structs.fields(Settings))
