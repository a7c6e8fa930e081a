"""From one cloud to another without leaving the console. The app is made of this.

Another cloud is another session with screens of its own; the old ones go with all that was asked for them, so that a
late answer of one cloud never shows in the other.
"""

from contextlib import AsyncExitStack

from textual.screen import Screen
from textual.worker import Worker

from app.client.contexts import Context
from app.client.stream import Patience
from app.tui.drafts import Draft
from app.tui.feed import Feed
from app.tui.places import PLACES, Places
from app.tui.session import Session
from app.tui.store import CloudCopy

BETWEEN = "between"


class Crossing(Places):
    """`first` is the session that the console was started with: its cloud may stop with the console.

    `drafts` are those of every cloud that was shown, by its address, so that they are there again when one comes back.
    """

    first: Session
    drafts: dict[str, dict[str, Draft]]
    patience: Patience
    _following: Worker[None]
    _others: AsyncExitStack

    def follow(self, feed: Feed) -> None:
        """Keep the copy of the session true from now on."""
        self._following = self.run_worker(feed.run(), name="feed")

    async def cross(self, context: Context) -> None:
        """Show another cloud, or the same one with a fresh token."""
        before = self.session
        self._following.cancel()
        cloud = await self._others.enter_async_context(before.home.open(context))
        self.session = Session(
            copy=CloudCopy(),
            cloud=cloud,
            clock=before.clock,
            ways=before.ways,
            drafts=self.drafts.setdefault(cloud.url, {}),
            home=before.home,
            context=context,
        )
        await self._leave_screens()
        self.follow(Feed(cloud, self.session.copy, before.clock, self.patience))
        self.open_places()
        await self.remove_mode(BETWEEN)

    async def _leave_screens(self) -> None:
        self.add_mode(BETWEEN, Screen)
        await self.switch_mode(BETWEEN)
        for place in PLACES:
            await self.remove_mode(place)
