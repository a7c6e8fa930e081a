"""Files of rules on the server's disk: those that eucalyptus.conf names, and those that come with the program.

The trap: bytes that are not UTF-8 become U+FFFD, which no rule may hold, so the reader names their place.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import app
from app.domain.errors import Invalid
from app.services.rulesets import Said
from app.settings import Settings

RULES = "RULES"


def shipped() -> Path:
    """Return the directory of the rules that come with the program."""
    beside = Path(app.__file__).parent.parent / "data" / "rules"
    return beside if beside.is_dir() else Path(sys.prefix) / "share" / "eucalyptus" / "rules"


def shipped_text(name: str) -> str:
    """Read one of the rules that come with the program, by its name."""
    return _text(shipped() / f"{name}.rules")


def said(settings: Settings) -> Said:
    """Read what eucalyptus.conf says of placement; Invalid if a file of rules is not there."""
    if settings.schedpolicy != RULES:
        return Said(policy=settings.schedpolicy)
    return Said(policy=settings.mapping_policy, texts=texts(settings.mapping_rules or shipped() / "balanced.rules"))


def files(path: Path) -> list[Path]:
    """List a file, or the *.rules of a directory; Invalid if there is none."""
    found = sorted(path.glob("*.rules")) if path.is_dir() else [path] if path.is_file() else []
    if not found:
        raise Invalid("MAPPING_RULES", str(path), "There is no such file, nor a directory with *.rules.")
    return found


def texts(path: Path) -> Mapping[str, str]:
    """Read a file or the *.rules of a directory, by name."""
    try:
        return {file.name: _text(file) for file in files(path)}
    except OSError as error:
        raise Invalid("MAPPING_RULES", str(path), f"It can not be read: {error.strerror}.") from error


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8-sig", errors="replace")
