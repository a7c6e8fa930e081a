"""The clouds that a person works with, by name, in `~/.config/eucalyptus/contexts.toml`.

The file holds tokens, so it is written with mode 0600 and refused when others may read it. Flags win over
`EUCA_URL` and `EUCA_TOKEN`, and those over the file.
"""

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from app.client.errors import ClientError
from app.client.whole_file import write_whole

LOCAL_URL = "http://127.0.0.1:8773"


class ContextError(ClientError):
    """The contexts file can not be used; the text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One cloud. A read-only context never offers an action that changes something."""

    name: str
    url: str
    token: str = field(repr=False)
    read_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Contexts:
    """All clouds of the file; `current` is used when none is named."""

    current: str = ""
    clouds: Mapping[str, Context] = field(default_factory=dict)

    def having(self, context: Context, *, current: bool = False) -> "Contexts":
        """Return a copy with the context added or replaced."""
        clouds = {**self.clouds, context.name: context}
        return Contexts(current=context.name if current or not self.current else self.current, clouds=clouds)


class _Cloud(msgspec.Struct, forbid_unknown_fields=True):
    url: str
    token: str = ""
    read_only: bool = False


class _File(msgspec.Struct, forbid_unknown_fields=True):
    current: str = ""
    clouds: dict[str, _Cloud] = {}


def default_path(environ: Mapping[str, str]) -> Path:
    """Return where the file is kept, after XDG_CONFIG_HOME and HOME."""
    root = environ.get("XDG_CONFIG_HOME") or f"{environ.get('HOME', '~')}/.config"
    return Path(root).expanduser() / "eucalyptus" / "contexts.toml"


def load(path: Path) -> Contexts:
    """Read the file; a missing one is empty. Raises ContextError if it is malformed or readable by others."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read().decode()
    except FileNotFoundError:
        return Contexts()
    except (OSError, UnicodeDecodeError) as error:
        raise ContextError(f"{path} can not be read: {error}") from error
    if mode & 0o077:
        raise ContextError(f"{path} holds tokens and others may read it; type: chmod 600 {path}")
    try:
        found = msgspec.convert(tomllib.loads(text), _File)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ContextError(f"{path}: {error}") from error
    clouds = {
        name: Context(name=name, url=cloud.url, token=cloud.token, read_only=cloud.read_only)
        for name, cloud in found.clouds.items()
    }
    return Contexts(current=found.current, clouds=clouds)


def save(path: Path, contexts: Contexts) -> None:
    """Write the file whole or not at all, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(path, _rendered(contexts))


def chosen(contexts: Contexts, environ: Mapping[str, str], *, name: str = "", url: str = "") -> Context:
    """Pick a cloud: the named one, else by flag or environment, else the current one, else the local one."""
    if name:
        if name not in contexts.clouds:
            known = ", ".join(sorted(contexts.clouds)) or "none"
            raise ContextError(f"No cloud is called {name}; known: {known}")
        return contexts.clouds[name]
    current = contexts.clouds.get(contexts.current)
    address = url or environ.get("EUCA_URL", "")
    if not address and current is not None:
        return replace(current, token=environ.get("EUCA_TOKEN") or current.token)
    address = address or LOCAL_URL
    kept = next((cloud for cloud in contexts.clouds.values() if cloud.url.rstrip("/") == address.rstrip("/")), None)
    # The two variables belong together: another cloud named by a flag must not be sent this one's token.
    paired = (environ.get("EUCA_URL") or address).split("/")[:3] == address.split("/")[:3]
    token = environ.get("EUCA_TOKEN", "") if paired else ""
    if kept:
        return replace(kept, url=address, token=token or kept.token)
    return Context(name="", url=address, token=token)


def _rendered(contexts: Contexts) -> str:
    parts = [f"current = {_quoted(contexts.current)}\n"]
    for name, cloud in sorted(contexts.clouds.items()):
        parts.append(
            f"\n[clouds.{_quoted(name)}]\nurl = {_quoted(cloud.url)}\n"
            f"token = {_quoted(cloud.token)}\nread_only = {str(cloud.read_only).lower()}\n"
        )
    return "".join(parts)


def _quoted(text: str) -> str:
    """A JSON string is a TOML basic string, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
