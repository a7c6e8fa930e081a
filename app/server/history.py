"""REST: the journal as a list, the audit, and the live stream of both clients and consoles."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from difflib import get_close_matches
from typing import Annotated, Any, cast

from litestar import Controller, Request, get
from litestar.datastructures import State
from litestar.params import Parameter
from litestar.response import Stream

from app.api.events import TOPICS
from app.api.resources import AuditView, Collection, EventView
from app.domain.account import Role
from app.domain.errors import Invalid
from app.domain.ports import Unit
from app.server.desk import At, Desk, needs
from app.server.feed import HEARTBEAT_S
from app.server.frames import Topics
from app.server.listing import FilterText, check_names, test_of
from app.server.pages import After, number
from app.server.sifting import sifted
from app.services import undoing
from app.services.views import audit_view, event_view

PAGE = 1000
MOST = 5000
LOOKED_AT_EVERY_S = HEARTBEAT_S - 1
_Limit = Annotated[int, Parameter(ge=1, le=MOST, description="How many at most.")]
_About = Annotated[str, Parameter(description="Only what happened to this thing: its id, or a host's name.")]
_Newest = Annotated[bool, Parameter(description="Begin so late that the newest `limit` are shown, still oldest first.")]
_Topics = Annotated[
    str,
    Parameter(
        description=f"Kinds of frames, with commas between: {', '.join(TOPICS)}. Default: all but the last three."
    ),
]


class HistoryController(Controller):
    tags = ("history",)
    opt = needs(Role.VIEWER)

    @get("/events", operation_id="ListEvents", summary="Journal entries, oldest first")
    async def events(
        self,
        desk: At,
        request: Request[Any, Any, State],
        filter: FilterText = "",
        after: After = "",
        limit: _Limit = PAGE,
        about: _About = "",
    ) -> Collection[EventView]:
        """What changed, as the live stream tells it; kept for seven days. With a filter pages may be short."""
        check_names(request, ("filter", "after", "limit", "about"))
        test = test_of(filter, EventView)

        def work(unit: Unit) -> Collection[EventView]:
            def read(start: int, most: int) -> list[tuple[int, EventView]]:
                return [(entry.cursor, event_view(entry)) for entry in unit.entries(start, most, about)]

            shown, more = sifted(read, test, number("after", after), limit)
            return Collection(items=shown, cursor=str(unit.cursor()), next=more)

        return await desk.read(work)

    @get("/audit", operation_id="ListAudit", summary="Who changed what, oldest first")
    async def audit(
        self,
        desk: At,
        request: Request[Any, Any, State],
        filter: FilterText = "",
        after: After = "",
        limit: _Limit = PAGE,
        newest: _Newest = False,
    ) -> Collection[AuditView]:
        """Who asked for what, from where, as which command, and whether it was done; kept for ever.

        With a filter pages may be short.
        """
        check_names(request, ("filter", "after", "limit", "newest"))
        test = test_of(filter, AuditView)

        def work(unit: Unit) -> Collection[AuditView]:
            def read(start: int, most: int) -> list[tuple[int, AuditView]]:
                found = unit.audit_entries(start, most)
                undos = undoing.offered(unit, [entry.number for entry in found])
                return [(entry.number, audit_view(entry, undos.get(entry.number, ""))) for entry in found]

            first = unit.last_audit_number() - limit if newest else 0
            shown, more = sifted(read, test, max(first, number("after", after)), limit)
            return Collection(items=shown, cursor=str(unit.cursor()), next=more)

        return await desk.read(work)

    @get(
        "/stream",
        operation_id="Stream",
        summary="Changes as Server-Sent Events from `Last-Event-ID` or `after` on",
        media_type="text/event-stream",
        opt=needs(Role.VIEWER, now_only=True),
    )
    async def stream(
        self, desk: At, request: Request[Any, Any, State], after: After = "", topics: _Topics = ""
    ) -> Stream:
        """See docs/rest.md for its events, cursors, heartbeats and gaps. It ends with the token that opened it."""
        given = request.headers.get("last-event-id", "") or after
        start = number("after", given) if given else None
        frames = _as_long_as_let_in(desk, await desk.cloud.feed.join(start, _named(topics)))
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return Stream(frames, media_type="text/event-stream", headers=headers)


def _named(text: str) -> Topics:
    """Read the topics of a request; Invalid if one is none."""
    if not text:
        return None
    topics = text.split(",")
    for topic in topics:
        if topic not in TOPICS:
            near = get_close_matches(topic, TOPICS, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(TOPICS)}."
            raise Invalid("topics", topic[:40], hint)
    return frozenset(topics)


async def _as_long_as_let_in(desk: Desk, frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Hand frames on until the token does not let in any more, looked at about as often as the stream beats."""
    clock = desk.cloud.clock
    looked_at_s = clock.monotonic_s()
    async with aclosing(cast("AsyncGenerator[bytes, None]", frames)) as told:
        async for frame in told:
            if clock.monotonic_s() - looked_at_s >= LOOKED_AT_EVERY_S:
                looked_at_s = clock.monotonic_s()
                if not await desk.still_let_in():
                    return
            yield frame
