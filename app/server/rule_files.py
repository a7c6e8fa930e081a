"""Files of rules on the disk: those that eucalyptus.conf or a command names, and those that come with the program.

The traps: bytes that are not UTF-8 become U+FFFD, which no rule may hold, so the reader names their place; editors
leave lock files and half-written copies beside the real one, with a dot before the name; a pipe may never end.
"""

import re
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import app
from app.conf import Origin, Problem
from app.domain.errors import CloudError, Invalid
from app.services.rule_texts import MOST_CHARACTERS, Draft, draft
from app.services.rulesets import Said
from app.settings import Settings, SettingsError

RULES = "RULES"
_NO_NAME = re.compile(r"[^A-Za-z0-9._@-]+")
_MOST_BYTES = 4 * MOST_CHARACTERS + 1


def shipped() -> Path:
    """Return the directory of the rules that come with the program."""
    beside = Path(app.__file__).parent.parent / "data" / "rules"
    return beside if beside.is_dir() else Path(sys.prefix) / "share" / "eucalyptus" / "rules"


def shipped_text(name: str) -> str:
    """Read one of the rules that come with the program, by its name."""
    return text(shipped() / f"{name}.rules")


def files(path: Path) -> list[Path]:
    """List a file, or the *.rules of a directory; empty if there is none."""
    if not path.is_dir():
        return [path] if path.is_file() else []
    return sorted(file for file in path.glob("*.rules") if file.is_file() and not file.name.startswith("."))


def text(file: Path) -> str:
    """Read a file."""
    with file.open("rb") as opened:
        return opened.read(_MOST_BYTES).decode("utf-8-sig", errors="replace")


def name_of(path: Path) -> str:
    """Form a version's name of what a file or directory is called."""
    return _NO_NAME.sub("-", path.resolve().stem).strip("._@-")[:63].rstrip("._@-") or "rules"


def named_by(settings: Settings) -> Path | None:
    """Return the file or directory of rules that is to decide, None for a policy of 1.6.1."""
    return (settings.mapping_rules or shipped()) if settings.schedpolicy == RULES else None


def said(settings: Settings) -> Said:
    """Read what eucalyptus.conf says of placement; what can not be used is told in `refused`."""
    path = named_by(settings)
    if path is None:
        return Said(policy=settings.schedpolicy)
    texts: dict[str, str] = {}
    try:
        texts |= _texts(settings, path)
        return Said(rules=_draft(settings, path, texts))
    except CloudError as error:
        return Said(refused=error, content=sha256(repr(texts).encode()).hexdigest())


def _texts(settings: Settings, path: Path) -> Mapping[str, str]:
    try:
        texts = {str(file): text(file) for file in files(path)}
    except OSError as error:
        raise _problem(settings, "MAPPING_RULES", f"{error.filename} can not be read: {error.strerror}") from error
    if not texts:
        raise _problem(settings, "MAPPING_RULES", f"{path} is no file, nor a directory with *.rules")
    return texts


def _draft(settings: Settings, path: Path, texts: Mapping[str, str]) -> Draft:
    try:
        return draft(name_of(path), texts, settings.mapping_policy)
    except Invalid as error:
        key = "MAPPING_POLICY" if error.parameter == "policy" else "MAPPING_RULES"
        given = f"'{error.value}' is not possible. " if error.value else ""
        raise _problem(settings, key, given + error.why) from error


def _problem(settings: Settings, key: str, why: str) -> SettingsError:
    given = (settings.origins.get(each) for each in (key, "MAPPING_RULES", "SCHEDPOLICY"))
    origin = next(filter(None, given), Origin(file="settings"))
    return SettingsError([Problem(origin=origin, key=key, why=why)])
