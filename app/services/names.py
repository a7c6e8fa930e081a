"""Names that operators give to things: one form, since they end up in URLs, zones, files and domain names."""

import re

from app.domain.errors import Invalid

_FORM = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._@-]{0,61}[A-Za-z0-9])?")


def check_name(parameter: str, name: str) -> str:
    """Return `name`, or raise Invalid unless it is 1 to 63 letters, digits and inner `. _ @ -`."""
    if not _FORM.fullmatch(name):
        raise Invalid(parameter, name[:80], "A name is 1 to 63 letters, digits and, not at its ends, . _ @ or -.")
    return name
