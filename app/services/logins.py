"""A token for who has an access key: for half a day, with the role that the user has anyway.

Administrators of the cloud have theirs by being that. Anybody else has the role of a token that an administrator gave
them, and no longer than that token works; so a user of the cloud, who has none, never sees other accounts by REST. The
trap: logging in again and again must neither fill the table nor use up the user's tokens, so the oldest logins go.
"""

from app.domain.account import Caller, Role, Token
from app.domain.errors import Forbidden
from app.domain.ports import Entropy, Unit
from app.services import tokens

LASTS_MS = 12 * 3_600_000
MOST_AT_ONCE = 10
ACTION = "LogIn"


def log_in(unit: Unit, caller: Caller, entropy: Entropy) -> tuple[Token, str]:
    """Make a token and return what is to be sent, this once; Forbidden for who was given no role."""
    role, ends_ms = _entitled(unit, caller)
    name = f"login-{caller.access_key_id}"
    _forget_old(unit, caller.user_id, name)
    expires_at_ms = min(unit.now_ms + LASTS_MS, ends_ms) if ends_ms else unit.now_ms + LASTS_MS
    return tokens.create(unit, caller.user_id, tokens.Wish(name=name, role=role, expires_at_ms=expires_at_ms), entropy)


def _entitled(unit: Unit, caller: Caller) -> tuple[Role, int]:
    """Return the greatest role that the user has, and until when; 0: for ever."""
    if caller.admin:
        return Role.ADMIN, 0
    given = [token for token in unit.tokens.where(user_id=caller.user_id) if token.works(unit.now_ms)]
    if not given:
        raise Forbidden(ACTION, "this user may not run the cloud; an administrator changes that by euca token create")
    best = max(given, key=lambda token: (list(Role).index(token.role), not token.expires_at_ms, token.expires_at_ms))
    return best.role, best.expires_at_ms


def _forget_old(unit: Unit, user_id: str, name: str) -> None:
    logins = sorted(unit.tokens.where(user_id=user_id, name=name), key=lambda token: token.created_at_ms, reverse=True)
    working = [token for token in logins if token.works(unit.now_ms)][: MOST_AT_ONCE - 1]
    for token in logins:
        if token not in working:
            unit.tokens.remove(token, text=f"Token {token.id} of a login is over")
