"""Names between the formats: `SecurityGroupIds` in the models is `security_group_ids` in our structs."""

import keyword
import re
from collections.abc import Iterable
from difflib import get_close_matches

_SEAM = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def snake(member: str) -> str:
    """Form the struct's field name of a model's member name."""
    name = _SEAM.sub("_", member).lower()
    return name + "_" if keyword.iskeyword(name) else name


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Find the known name that somebody who typed `name` may have meant; case counts for nothing."""
    by_folded = {word.lower(): word for word in known}
    close = get_close_matches(name.lower()[:128], by_folded, n=1)
    return by_folded[close[0]] if close else None
