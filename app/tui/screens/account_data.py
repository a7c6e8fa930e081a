"""What the screens of accounts show beside what the stream tells: what each has, and who holds which key and token.

Nobody journals usage, so it is asked for again while somebody looks. The trap: viewers are told their own tokens only,
so what is missing there says nothing.
"""

from collections.abc import Sequence

from app.api.accounts import UserView
from app.api.filters import quoted
from app.api.tokens import TokenView
from app.client import holding_calls, token_calls
from app.client.http import Cloud
from app.tui.columns.accounts import KEYS, TOKENS, USERS, Holder
from app.tui.screens.fetching import Fetching

EVERY_S = 5


class Watching(Fetching):
    """Shows accounts; subclasses call `keep_up` once a second, and `learn` after a change."""

    waited_s = 0

    def keep_up(self) -> None:
        """Ask again what accounts have when that was long enough ago."""
        self.waited_s += 1
        if self.waited_s >= EVERY_S and self.session.live and not self.session.past:
            self.learn()

    def learn(self) -> None:
        """Ask again what accounts have."""
        self.waited_s = 0
        self.begin(self._learn, exclusive=True, group="usage")

    async def _learn(self) -> None:
        if not self.known:
            return
        views = await self._pages()
        for view in views:
            self.session.copy.put(self.kind, view)


async def holders(cloud: Cloud, account_id: str) -> list[Holder]:
    """Fetch the users of an account with their keys, and the tokens that one may see; raises ClientError."""
    users = [
        view async for view in cloud.every(holding_calls.listed("user", filter=f"account_id={quoted(account_id)}"))
    ]
    tokens = [view async for view in cloud.every(token_calls.tokens())]
    return _holders([view for view in users if isinstance(view, UserView)], tokens)


def _holders(users: Sequence[UserView], tokens: Sequence[TokenView]) -> list[Holder]:
    found = []
    for user in sorted(users, key=lambda view: view.name):
        state = "enabled" if user.enabled else "disabled"
        found.append(
            Holder(
                id=user.id,
                kind=USERS,
                user_id=user.id,
                user=user.name,
                state=state,
                role="admin" if user.admin else "",
                created_at_ms=user.created_at_ms,
            )
        )
        found += [
            Holder(id=key, kind=KEYS, user_id=user.id, user=user.name, state="working" if user.enabled else state)
            for key in user.access_keys
        ]
        found += [_token(token) for token in tokens if token.user_id == user.id]
    return found


def _token(token: TokenView) -> Holder:
    return Holder(
        id=token.id,
        kind=TOKENS,
        user_id=token.user_id,
        user=token.user,
        state=token.state,
        role=token.role,
        name=token.name + (" (this console's)" if token.current else ""),
        created_at_ms=token.created_at_ms,
        expires_at_ms=token.expires_at_ms,
        used_at_ms=token.last_used_at_ms,
    )
