"""Columns of the rules of a security group."""

from collections.abc import Callable, Sequence

from app.api.holdings import GroupRuleView
from app.tui.columns.column import Column

ALL, ANY = "-1", -1
_TYPED = ("icmp", "icmpv6")


def columns(peer: Callable[[str], str]) -> Sequence[Column[GroupRuleView]]:
    """Form them; `peer` names a group by its id, and leaves a range as it is."""
    return (
        Column(key="way", title="WAY", width=4, value=lambda v: "out" if v.egress else "in"),
        Column(key="protocol", title="PROTOCOL", width=8, value=lambda v: "all" if v.protocol == ALL else v.protocol),
        Column(key="ports", title="PORTS", width=11, value=ports),
        Column(key="peer", title="FROM OR TO", width=20, value=lambda v: peer(v.peer), grows=25),
        Column(key="for", title="WHAT FOR", width=10, value=lambda v: v.description, grows=40, rank=1),
        Column(key="id", title="ID", width=21, value=lambda v: v.id, rank=2),
    )


def ports(view: GroupRuleView) -> str:
    """Say the ports of a rule, of icmp its type and code."""
    if view.from_port == ANY:
        return "any"
    if view.protocol in _TYPED:
        return f"type {view.from_port}" + (f"/{view.to_port}" if view.to_port != ANY else "")
    return str(view.from_port) if view.from_port == view.to_port else f"{view.from_port}-{view.to_port}"
