"""Why an instance is where it is, or what it still lacks, as REST shows it. Times are UTC milliseconds."""

import msgspec

from app.api.resources import DecisionView


class LackView(msgspec.Struct, frozen=True, kw_only=True):
    """What is missing for an instance to be as it is wanted, and what would help."""

    missing: str
    helps: str


class WhyView(msgspec.Struct, frozen=True, kw_only=True):
    """`decisions` come oldest first, the newest and the one asked for with every host.

    `lacks` is empty where nothing is missing. `next_review_ms` is when the rules look at it again, 0 where no time is
    set: `review` says why.
    """

    instance_id: str
    state: str
    asked_by: str
    asked_at_ms: int
    lacks: list[LackView]
    decisions: list[DecisionView]
    moves: int
    next_review_ms: int
    review: str
