"""Decisions about instances: written once, never changed, so no entity whose every change is journalled.

The trap: they hold what hosts were doing, so only those who may see hosts are shown more than their kind and time.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.domain.decision import Decision, Deed
from app.store.codec import dump
from app.store.journal import fitting
from app.store.session import Session

_COLUMNS: Final = "instance_id, number, at_ms, kind, policy, ruleset_id, host, origin, reasons, verdicts"
_ADD: Final = (
    f"INSERT INTO decisions ({_COLUMNS}) SELECT ?, coalesce(max(number), 0) + 1, ?, ?, ?, ?, ?, ?, ?, ?"  # noqa: S608
    " FROM decisions WHERE instance_id = ?"
)
_OF: Final = f"SELECT {_COLUMNS} FROM decisions WHERE instance_id = ? ORDER BY number"  # noqa: S608
_MOVED: Final = "SELECT instance_id, count(*) FROM decisions WHERE kind = 'moved' AND at_ms >= ? GROUP BY instance_id"


class Decisions:
    """The port `Decisions` on one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, decision: Decision) -> None:
        told = (decision.kind, decision.policy, decision.ruleset_id, decision.host, decision.origin)
        reasons = dump([fitting(reason) for reason in decision.reasons])
        one = decision.instance_id
        self._session.change(_ADD, (one, decision.at_ms, *map(str, told), reasons, decision.verdicts, one))

    def of(self, instance_id: str) -> list[Decision]:
        return [_decision(row) for row in self._session.query(_OF, (fitting(instance_id),))]

    def moved_since(self, at_ms: int) -> Mapping[str, int]:
        return dict(self._session.query(_MOVED, (at_ms,)).fetchall())

    def forget(self, instance_ids: Sequence[str]) -> None:
        for one in instance_ids:
            self._session.change("DELETE FROM decisions WHERE instance_id = ?", (one,))


def _decision(row: tuple[Any, ...]) -> Decision:
    named = dict(zip(_COLUMNS.split(", "), row, strict=True))
    named |= {"kind": Deed(named["kind"]), "reasons": tuple(json.loads(named["reasons"]))}
    return Decision(**named)
