"""The moves away from one host: who asks again joins the one that goes on, and who goes away does not end it.

The trap: a move that failed while nobody waited for it would be begun again and again without anybody knowing why; so
its end is kept for a while, for whoever asks next.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from app.domain.errors import Lost
from app.domain.transit import UNDER_WAY, UnderWay
from app.xen.errand import Errand

LOOK_S = 10.0
"""How long one call waits; a move lasts as long as it takes, and who asks again joins it."""

KEPT_S = 120.0  # how long an end is kept for whoever asks again


@dataclass(frozen=True, slots=True, kw_only=True)
class _UnderWay:
    target: str
    task: "asyncio.Task[None]"


class Moves:
    """The moves away from one host."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._under_way: dict[str, _UnderWay] = {}

    async def join(self, instance_id: str, target: str, begin: Callable[[], Errand]) -> UnderWay | None:
        """Wait a while for the end of a move, which is begun if need be."""
        move = self._under_way.get(instance_id)
        if move is None or (move.task.done() and move.target != target):
            task = asyncio.create_task(begin().run(), name=f"move {instance_id} to {target}")
            move = self._under_way[instance_id] = _UnderWay(target=target, task=task)
            task.add_done_callback(partial(self._over, instance_id, move))
        if move.target != target:
            raise Lost(self._host, f"{instance_id} is still on its way to {move.target}")
        done, _ = await asyncio.wait([move.task], timeout=LOOK_S)
        if not done:
            return UNDER_WAY
        self._forget(instance_id, move)
        return move.task.result()

    def close(self) -> None:
        for move in self._under_way.values():
            move.task.cancel()

    def _over(self, instance_id: str, move: _UnderWay, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and task.exception() is not None:  # for the caller, if there still is one
            asyncio.get_running_loop().call_later(KEPT_S, self._forget, instance_id, move)
        else:
            self._forget(instance_id, move)

    def _forget(self, instance_id: str, move: _UnderWay) -> None:
        if self._under_way.get(instance_id) is move:
            del self._under_way[instance_id]
