"""The way to the kernel's network: netlink with its failures in our words, and the settings of cards under /proc.

Blocking; to be called in a thread, since pyroute2's sockets can not be made inside a running event loop.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from app.domain.errors import Broken, Unavailable

_PORT = "network"
_OF_CARD = Path("/proc/sys/net")
_FORBIDDEN = frozenset({errno.EPERM, errno.EACCES})


@contextmanager
def netlink() -> Iterator[IPRoute]:
    try:
        with IPRoute() as route:
            yield route
    except NetlinkError as error:
        if error.code in _FORBIDDEN:
            raise Broken(_PORT, "bridges need root or CAP_NET_ADMIN, or VNET_MODE SYSTEM") from error
        raise Unavailable(_PORT, str(error.args[-1])) from error
    except OSError as error:
        raise Unavailable(_PORT, f"netlink can not be used: {error.strerror or error}") from error


@contextmanager
def allowed(code: int) -> Iterator[None]:
    """Let pass that somebody else was quicker."""
    try:
        yield
    except NetlinkError as error:
        if error.code != code:
            raise


def is_off(name: str, card: str, value: str) -> bool:
    """Tell whether one of the kernel's settings of a card is not as it should be; what is not there is not wrong."""
    try:
        return (_OF_CARD / name.format(card)).read_text().strip() != value
    except FileNotFoundError:
        return False


def switch(card: str, name: str, value: str) -> None:
    """Set one of the kernel's settings of a card; one that this kernel does not have is passed over."""
    if is_off(name, card, value):
        (_OF_CARD / name.format(card)).write_text(value)
