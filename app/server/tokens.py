"""REST: operators' tokens. What is sent as one is shown once, when it is made, and never again."""

from collections.abc import Sequence
from operator import attrgetter

from litestar import Controller, delete, get, post

from app.api.resources import Collection
from app.api.tokens import CreateToken, NewToken, TokenView
from app.domain.account import Role, Token
from app.domain.errors import Absent
from app.domain.ports import Unit
from app.server.desk import At, Desk, needs
from app.server.listing import AskedFor, Listing, from_rows
from app.services import accounts, logins, tokens


class TokenController(Controller):
    path = "/tokens"
    tags = ("identities",)
    opt = needs(Role.VIEWER)

    @get(operation_id="ListTokens", summary="Your tokens; an administrator sees everybody's")
    async def index(self, desk: At, asked: AskedFor) -> Collection[TokenView]:
        """Revoked and expired ones stay in the list, so that the audit can be read."""
        return await _TOKENS.answer(desk, asked)

    @post(operation_id="CreateToken", summary="Make a token", opt=needs(Role.ADMIN, shown_once=True))
    async def create(self, desk: At, data: CreateToken) -> NewToken:
        """It is shown this once. Give it the least role that does, and an end."""
        role = accounts.role_named(data.role)
        if role is None:
            raise Absent("role")
        wish = tokens.Wish(name=data.name, role=role, expires_at_ms=data.expires_at_ms)

        def work(unit: Unit) -> NewToken:
            mine = desk.caller.user_id
            user_id = accounts.find_user(unit, data.account, data.user).id if data.user else mine
            row, token = tokens.create(unit, user_id, wish, desk.cloud.entropy)
            return NewToken(token=token, about=_view(unit, desk, row))

        return await desk.change("CreateToken", f"{data.user or desk.caller.user_name} as {role}", work)

    @post(
        "/signed",
        operation_id=logins.ACTION,
        summary="Get a token for 12 hours by the signature of your access key",
        opt=needs(Role.VIEWER, 403, 429, shown_once=True, signed=True),
        security=[{"sigv4": []}],
    )
    async def log_in(self, desk: At) -> NewToken:
        """It has the role that you were given, an administrator's else; sign as for EC2, with an empty body."""

        def work(unit: Unit) -> NewToken:
            row, token = logins.log_in(unit, desk.caller, desk.cloud.entropy)
            return NewToken(token=token, about=_view(unit, desk, row))

        return await desk.change(logins.ACTION, desk.caller.access_key_id, work)

    @delete("/{token_id:str}", operation_id="RevokeToken", summary="Stop a token from working", opt=needs(Role.ADMIN))
    async def revoke(self, desk: At, token_id: str) -> None:
        """It ends at once, with the streams that were opened by it. The last one of an administrator stays."""
        await desk.change("RevokeToken", token_id, lambda unit: tokens.revoke(unit, token_id))


def _view(unit: Unit, desk: Desk, row: Token) -> TokenView:
    user = accounts.get_user(unit, row.user_id)
    return TokenView(
        id=row.id,
        name=row.name,
        role=row.role,
        state=tokens.state(unit, row),
        account_id=user.account_id,
        user_id=user.id,
        user=user.name,
        created_at_ms=row.created_at_ms,
        expires_at_ms=row.expires_at_ms,
        last_used_at_ms=row.seen_at_ms,
        current=row.id == desk.caller.token_id,
    )


def _rows(unit: Unit, desk: Desk) -> Sequence[Token]:
    sees_all = desk.caller.role is Role.ADMIN
    return unit.tokens.where() if sees_all else unit.tokens.where(user_id=desk.caller.user_id)


_TOKENS: Listing[Token, TokenView] = Listing(
    view=TokenView,
    key=attrgetter("id"),
    first=from_rows(_rows, attrgetter("id")),
    views=lambda unit, desk, rows: [_view(unit, desk, row) for row in rows],
)
