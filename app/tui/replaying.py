"""The whole console at a moment of the past, and back to now. The app is made of this.

The past is a session of its own, with a copy that is fetched for each moment and with screens of its own; behind it the
feed goes on keeping the copy of now true. Time changes and the place does not, either way. The trap: while a moment is
on its way the person goes on, so what comes is for whatever is wanted then, and nothing is entered over a question.
"""

import asyncio
from itertools import takewhile

from app.api.resources import EventView
from app.client import calls, past
from app.client.contexts import Context
from app.client.errors import ClientError
from app.client.past import PastCloud
from app.tui.crossing import Crossing
from app.tui.feed import fetch
from app.tui.history import History, Spot
from app.tui.moments import NoMoment, moment
from app.tui.past_trends import fetch_trends
from app.tui.places import PAST, PLACES
from app.tui.screens.frame import ConsoleScreen
from app.tui.screens.table import TableScreen
from app.tui.session import Past, Session
from app.tui.store import CloudCopy, LinkState

NEAR = 50  # entries of the journal among which one of another moment is looked for
OF_NOW = frozenset({"console", "output"})


class Replaying(Crossing):
    """`heading_ms` is the moment that was asked for and is not there yet."""

    heading_ms: int | None = None
    _asking = False
    _turning: asyncio.Lock
    _history_of_now: History

    def replay(self, text: str) -> str:
        if not text:
            self._on_top().replay()
            return ""
        now = self.session.now
        try:
            self.show_moment(moment(text, now.now_ms(), now.clock.zone))
        except NoMoment as error:
            return self.session.scene().plain(str(error))
        return ""

    def step(self, length_ms: int) -> None:
        """Go so far on, or back, from where one is or is heading."""
        if self.session.past:
            self.show_moment((self.heading_ms or self.session.past.at_ms) + length_ms)

    def step_event(self, step: int) -> None:
        """Go to where something happened before (-1) or after (1)."""
        self.run_worker(self._step_event(step), group="replay event", exclusive=True)

    def show_moment(self, at_ms: int) -> None:
        """Show the cloud as it was then; one moment is asked for at a time, and of many the last."""
        self.heading_ms = min(at_ms, self.session.now.now_ms())
        if not self._asking:
            self._asking = True
            self.run_worker(self._head(), group="replay")

    def leave_past(self) -> None:
        self.run_worker(self._leave(), group="replay leave")

    async def cross(self, context: Context) -> None:
        await self._leave()
        await super().cross(context)

    async def _leave(self) -> None:
        self.heading_ms = None
        async with self._turning:
            there = self.session.past
            if there:
                await self._turn_to(there.now, self._history_of_now)
                for place in PLACES:
                    await self.remove_mode(PAST + place)

    # --- on the way

    async def _head(self) -> None:
        while (at_ms := self.heading_ms) is not None:
            try:
                await self._reach(at_ms)
            except ClientError as error:
                self._complain(str(error))
            if self.heading_ms == at_ms:
                self.heading_ms = None
        self._asking = False

    async def _reach(self, at_ms: int) -> None:
        """Fetch the cloud as it was and show it; raises ClientError."""
        before = self.session
        now = before.now
        span = await now.cloud.send(past.span())
        if at_ms < span.oldest_ms:
            self._complain(f"nothing is known before {now.scene().moment(span.oldest_ms)}")
            return
        there = Past(at_ms=min(at_ms, span.newest_ms), oldest_ms=span.oldest_ms, now=now)
        copy, cloud = CloudCopy(), PastCloud(now.cloud, lambda: there.at_ms)
        await fetch(cloud, copy)
        copy.trends = await fetch_trends(cloud, list(copy.clusters), there.at_ms)
        copy.sensed_ms = there.at_ms
        if self.session is not before or self.heading_ms is None:
            return
        if before.past:
            before.copy.become(copy)
            before.past.at_ms, before.past.oldest_ms = there.at_ms, there.oldest_ms
            self._on_top().redraw()
        else:
            copy.set_link(LinkState.LIVE, now_s=0)
            await self._enter(there.session(copy))

    async def _enter(self, session: Session) -> None:
        place = self._on_top()
        if self.screen is not place or place.busy:
            self._complain("not shown, since something else was begun meanwhile: ask again")
            return
        async with self._turning:
            self._history_of_now = self.history
            self.add_places(session)
            await self._turn_to(session, History())

    async def _turn_to(self, session: Session, history: History) -> None:
        """Show another session at the same place, with a list arranged as it is here."""
        spot, before = self.spot(), self.screen_stack[0]
        self.session, self.history = session, history
        kept = takewhile(lambda page: page[0] not in OF_NOW, spot.pages) if session.past else spot.pages
        spot = Spot(spot.place, tuple(kept))
        await self.stand_at(spot)
        after = self.screen_stack[0]
        if isinstance(before, TableScreen) and isinstance(after, TableScreen):
            after.arrange_like(before)
        history.note(spot)

    async def _step_event(self, step: int) -> None:
        here = self.session.past
        if here is None:
            return
        try:
            times = {event.at_ms for event in await self._events(step)}
        except ClientError as error:
            self._complain(str(error))
            return
        found = [at_ms for at_ms in times if (at_ms - here.at_ms) * step > 0]
        if found:
            self.show_moment(min(found, key=lambda at_ms: abs(at_ms - here.at_ms)))
        else:
            self._complain("nothing that is known happened before" if step < 0 else "nothing has happened since")

    async def _events(self, step: int) -> list[EventView]:
        """List what happened just before the moment that is shown, or what did after it."""
        session = self.session
        cursor = int(session.copy.cursor or 0)
        cloud, after = (session.cloud, max(0, cursor - NEAR)) if step < 0 else (session.now.cloud, cursor)
        return (await cloud.send(calls.events(after=str(after), limit=NEAR))).items

    def _on_top(self) -> ConsoleScreen:
        place = self.place()
        assert place is not None, "the console always stands somewhere"
        return place

    def _complain(self, why: str) -> None:
        self._on_top().say(f"replay: {why}", bad=True)
