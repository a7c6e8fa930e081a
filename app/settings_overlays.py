"""The file that DOMAIN_OVERLAYS names: what an operator lays over definitions of domains, and over which.

It is read and checked as a whole when the settings are, so that a mistake is told by name before any launch meets it.
The trap: `euca doctor` reads settings where no library is installed yet, so this is checked by hand.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from app.domain.errors import CloudError
from app.domain.overlay import Overlay
from app.xen.overlay import read

_NAMES: Final = ("clusters", "hosts", "images")


def overlays(text: str, folder: Path) -> tuple[Overlay, ...]:
    """Read the file; ValueError names what in it is wrong."""
    file = folder / text
    try:
        told = tomllib.loads(file.read_text(encoding="utf-8"))
        return _overlays(told)
    except OSError as error:
        raise ValueError(f"{file} can not be read: {error.strerror}") from None
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None


def _overlays(told: Mapping[str, Any]) -> tuple[Overlay, ...]:
    found = told.get("overlay", [])
    if told.keys() - {"overlay"} or not isinstance(found, list):
        raise ValueError("it holds [[overlay]] and nothing else")
    return tuple(_overlay(each, number) for number, each in enumerate(found, start=1))


def _overlay(told: Any, number: int) -> Overlay:
    if not isinstance(told, dict) or not isinstance(told.get("xml"), str):
        raise ValueError(f"overlay {number}: it needs a text xml = '<domain>…</domain>'")
    if unknown := told.keys() - {"xml", *_NAMES}:
        raise ValueError(f"overlay {number}: there is no key {min(unknown)}; xml, {', '.join(_NAMES)} can stand there")
    names = {key: _names(told.get(key, []), f"overlay {number}: {key}") for key in _NAMES}
    try:
        read(told["xml"])
    except CloudError as error:
        raise ValueError(f"overlay {number}: {error}") from None
    return Overlay(text=told["xml"], **names)


def _names(told: Any, where: str) -> tuple[str, ...]:
    if not isinstance(told, list) or not all(isinstance(name, str) for name in told):
        raise ValueError(f"{where} is no list of names")
    return tuple(told)
