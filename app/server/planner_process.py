"""The process in which rounds are planned: orders come in on stdin, plans go out on stdout, each with its length.

It ends when its stdin does, so a server that was killed leaves none behind. The trap: what is read here was written by
the parent process and by nobody else; it must never be bound to a socket.
"""

import pickle
import signal
import sys
from dataclasses import replace
from functools import lru_cache
from typing import BinaryIO

from app.rules.prepared import Prepared, prepare, strict
from app.rules.reading import read
from app.rules.rehearsing import rehearse
from app.rules.remap import remap
from app.rules.tree import Deed, Phase, Ruleset
from app.server.orders import LENGTH, Answer, Failed, Order, Planned, Trial, Tried
from app.services.yesterday import assumed, taken_again


def serve(orders: BinaryIO, answers: BinaryIO) -> None:
    """Answer orders until there are no more."""
    while head := orders.read(LENGTH.size):
        order = pickle.loads(orders.read(LENGTH.unpack(head)[0]))  # noqa: S301 - from the parent process alone
        packed = pickle.dumps(_answer(order), pickle.HIGHEST_PROTOCOL)
        answers.write(LENGTH.pack(len(packed)) + packed)
        answers.flush()


def _answer(order: Order | Trial) -> Answer:
    try:
        if isinstance(order, Trial):
            policy = strict(prepare(read(order.text, "rules").ruleset, order.policy, Phase.PLACE))
            return Tried(taken_again(order.past, policy), assumed(policy))
        prepared = _prepared(order.text, order.policy, order.idle_s)
        if order.memory is None:
            return rehearse(order.state, prepared, order.now)
        plan = remap(order.state, prepared, order.memory, order.now)
        return Planned(plan, prepared.policy.remap_s)
    except Exception as bug:  # the next order may be fine
        return Failed(f"{type(bug).__name__}: {bug}")


@lru_cache(maxsize=8)
def _prepared(text: str, policy: str, idle_s: float | None) -> Prepared:
    ruleset = read(text, "rules").ruleset
    return prepare(ruleset if idle_s is None else _idle(ruleset, idle_s), policy, Phase.REMAP)


def _idle(ruleset: Ruleset, idle_s: float) -> Ruleset:
    """Wait another time before an empty host is switched off."""
    rules = {
        name: replace(
            rule,
            triggers=tuple(
                replace(each, hold_s=idle_s) if each.deed is Deed.POWER_OFF else each for each in rule.triggers
            ),
        )
        for name, rule in ruleset.rules.items()
    }
    return replace(ruleset, rules=rules)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's ^C is the parent's to answer
    serve(sys.stdin.buffer, sys.stdout.buffer)
