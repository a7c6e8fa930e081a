"""Tags: a key and a value on any thing with an id."""

from dataclasses import dataclass

from app.domain.rows import key

MOST_PER_RESOURCE = 50
LONGEST_KEY = 128
LONGEST_VALUE = 256
RESERVED_PREFIX = "aws:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    resource_id: str = key()
    name: str = key()
    account_id: str
    value: str
