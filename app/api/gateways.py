"""Gateways of clusters that have theirs elsewhere, as REST takes and shows them."""

import msgspec


class GatewayInvitation(msgspec.Struct, frozen=True, kw_only=True):
    """`token` lets one machine join as the gateway of `cluster`, and is shown this once.

    `listen` is where the server answers gateways.
    """

    cluster: str
    token: str
    expires_at_ms: int
    listen: str
