"""Where ROUNDROBIN goes on: behind the host, by its order of joining, that the last machine was placed on."""

from app.domain.ports import Unit

_CURSOR = "roundrobin.cursor"


def cursor(unit: Unit) -> int:
    """Return the ordinal of that host, -1 before the first."""
    return int(unit.setting(_CURSOR, "-1"))


def go_on_behind(unit: Unit, ordinal: int) -> None:
    unit.set_setting(_CURSOR, str(ordinal))
