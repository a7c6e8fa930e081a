"""The past as REST tells of it: how far back the cloud can be shown as it was."""

import msgspec


class PastView(msgspec.Struct, kw_only=True):
    """The moments, in UTC milliseconds, at which the cloud can be shown; both belong to them."""

    oldest_ms: int
    newest_ms: int
