"""What may pass between instances and everybody else, as one value that a fabric enforces.

A packet from one instance to another passes if some rule of the sender's groups lets it out and some rule of the
receiver's lets it in; answers pass unasked. The trap: a group that nobody is in has no packets to judge, but it may be
a peer of other groups' rules, so that its rules alone can be left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.group import Permission
from app.domain.joined import Joined


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One rule of a group, for what comes in or (`egress`) goes out."""

    egress: bool
    permission: Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class Firewall:
    """The rules by group id. `open_ports`: addresses of the gateway's own machine with TCP ports that instances reach.

    `joined`: other gateways whose members are reached as those of networks here, and may reach them.
    `hidden`: from outside an instance is reached by its public address only, even if a route leads to its private one.
    """

    rules: Mapping[str, tuple[Passage, ...]] = field(default_factory=dict)
    open_ports: tuple[tuple[str, int], ...] = ()
    hidden: bool = False
    joined: tuple[Joined, ...] = ()


SHUT = Firewall()
"""Nothing comes in and nothing goes out."""
