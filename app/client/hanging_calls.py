"""The question what hangs on things that are about to go."""

from collections.abc import Sequence

from app.api.hanging import AskHanging, HangingViews
from app.client.calls import Call


def ask(kind: str, ids: Sequence[str]) -> Call[HangingViews]:
    """Ask it of things of one kind; hosts, clusters and types are named by their names."""
    return Call(method="POST", path="/hanging", body=AskHanging(kind=kind, ids=list(ids)), answer=HangingViews)
