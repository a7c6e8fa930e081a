"""Requests about operators' tokens."""

from app.api.resources import Collection
from app.api.tokens import CreateToken, NewToken, TokenView
from app.client.calls import Call, at


def tokens() -> Call[Collection[TokenView]]:
    return Call(path="/tokens", answer=Collection[TokenView])


def create(body: CreateToken) -> Call[NewToken]:
    """Make one; what it answers is shown this once, so a repeated call is refused."""
    return Call(method="POST", path="/tokens", body=body, answer=NewToken)


def log_in() -> Call[NewToken]:
    """Get a token by an access key: send it with a client that has `signing.SignedByKey`."""
    return Call(method="POST", path="/tokens/signed", answer=NewToken)


def revoke(token_id: str) -> Call[None]:
    return Call(method="DELETE", path=at("tokens", token_id), answer=None)
