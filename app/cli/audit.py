"""`euca audit`: who changed what, from where, and which of it `euca undo` can take back.

The trap: a page of what passes a filter may be short, or empty, although more follows.
"""

from collections import deque
from collections.abc import Iterator

import click

from app.api.resources import AuditView
from app.cli.output import show
from app.cli.remote import Remote, remote
from app.client import calls

_COLUMNS = ("number", "at_ms", "who", "source", "action", "target", "outcome", "undo", "detail")
MOST = 5000
"""So many the cloud lists at once."""


@click.command(epilog="Example: euca audit --filter 'who:ana outcome:refused' --limit 20")
@click.option("--filter", "matching", default="", metavar="FILTER", help="Only what matches, as in the console.")
@click.option("--undoable", is_flag=True, help="Only what `euca undo NUMBER` can take back.")
@click.option("-n", "--limit", default=50, type=click.IntRange(1, MOST), show_default=True, help="How many at most.")
@remote
def audit(cloud: Remote, matching: str, undoable: bool, limit: int) -> None:
    """List who changed what, the newest first; UNDO says what `euca undo NUMBER` would put back."""
    if matching or undoable:
        newest = deque((row for row in _passing(cloud, matching) if row.undo or not undoable), maxlen=limit)
        rows = list(newest)
    else:
        rows = cloud.send(calls.newest_audit(limit)).items
    show(rows[::-1], _COLUMNS, as_json=cloud.json)


def _passing(cloud: Remote, matching: str) -> Iterator[AuditView]:
    after: str | None = ""
    while after is not None:
        page = cloud.send(calls.audit(after=after, matching=matching))
        yield from page.items
        after = page.next or None
