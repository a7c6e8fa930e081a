"""What REST takes and answers about what hangs on things that somebody is about to let go."""

from typing import Literal

import msgspec

Tied = Literal[
    "access key",
    "account",
    "address",
    "group",
    "host",
    "image",
    "instance",
    "snapshot",
    "token",
    "type",
    "user",
    "version",
    "volume",
]
"""Kinds of things that hang on others."""


class AskHanging(msgspec.Struct, frozen=True, kw_only=True):
    """Ask what hangs on things of one kind; hosts, clusters and types are named by their names, all else by ids."""

    kind: str
    ids: list[str]


class TieView(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that hangs on another, and its `fate` when that goes."""

    kind: Tied
    id: str
    fate: str
    detail: str


class HangingView(msgspec.Struct, frozen=True, kw_only=True):
    """What hangs on one thing: the first of its ties, and how many more; `notes` are worth knowing besides.

    `version` names all its ties. Sent back with what lets the thing go (as `If-Match`, or as `hanging` in what the
    target of a job is expected to be), it makes the cloud refuse that if something else hangs on it by then.
    """

    id: str
    ties: list[TieView]
    more: int
    notes: list[str]
    in_use: bool
    version: str


class HangingViews(msgspec.Struct, frozen=True, kw_only=True):
    """In the order asked, without what is no more; `sums` counts all ties by kind and fate, `in_use` the things."""

    items: list[HangingView]
    in_use: int
    sums: list[str]
