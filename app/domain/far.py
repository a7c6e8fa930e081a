"""Hosts that are other machines than the server's, and the port by which their ends of networks are made.

Nothing runs there that is ours: their own shell is asked, with the rights of whoever the libvirt URI names. The trap: a
URI without a host name, or with one of this machine's own, is no other machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from app.domain.network import Network

_OWN = frozenset({"", "localhost", "127.0.0.1", "::1"})
_DRIVERS = frozenset({"xen", "qemu"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """Where ssh finds a host's shell; `port` 0 and an empty `user` or `key_file`: as ssh itself is configured."""

    name: str
    user: str = ""
    port: int = 0
    key_file: str = ""

    def __str__(self) -> str:
        return f"{self.user}@{self.name}" if self.user else self.name


def shell_of(uri: str) -> Shell | None:
    """Tell where the machine of a libvirt URI is asked; None: it is the server's own.

    The port and key of the URI are ssh's only if its transport is.
    """
    parts = urlsplit(uri)
    driver, _, transport = parts.scheme.partition("+")
    if driver not in _DRIVERS or (parts.hostname or "") in _OWN:
        return None
    by_ssh = "ssh" in transport
    key_files = parse_qs(parts.query).get("keyfile", [""]) if by_ssh else [""]
    return Shell(
        name=parts.hostname or "",
        user=parts.username or "root",
        port=(parts.port or 0) if by_ssh else 0,
        key_file=key_files[0],
    )


class Reach(Protocol):
    """The way to networks on hosts that are other machines."""

    async def reach(self, shell: Shell, networks: Sequence[Network]) -> Sequence[str]:
        """Make a host have the bridges of these networks and no others of ours, each joined to the gateway's own.

        Return what was right before and was found broken, each as a clause. The gateway's bridges must be there.
        Unavailable or Broken says what could not be done; it takes a bounded time however dead the host is, and what
        was given up is made good by the next call.
        """
        ...

    async def close(self) -> None:
        """Let go of connections; bridges stay for the guests that run."""
        ...
