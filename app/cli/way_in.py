"""The way to an instance by ssh: its public address, or through the head of its reservation, or its private one.

The traps: ssh gives the jump its `-F` file and none of its other options, so the key has to stand in a file; and it has
a shell read that file's name, so the name must be none that a shell reads anything into.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Protocol, TypeVar

import click

from app.api.holdings import AddressView
from app.api.resources import InstanceView
from app.cli.output import printable
from app.client import calls, holding_calls
from app.client.calls import Call

Answer = TypeVar("Answer")
_PLAIN = re.compile(r"[A-Za-z0-9_./-]+")
_ID = re.compile(r"i-[0-9a-f]+")


class Asked(Protocol):
    """The cloud, as something to ask."""

    def send(self, call: Call[Answer]) -> Answer: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Where an instance is reached; through its head, if it has one that is to be jumped through."""

    address: str
    head: str = ""
    head_address: str = ""


def way_to(cloud: Asked, view: InstanceView, *, direct: bool = False) -> Way:
    """Find the way; `direct`: the private address, whatever other ways there are."""
    if not direct and (public := _public(cloud, view.id)):
        return Way(address=public)
    if not view.private_ip:
        raise click.ClickException(f"{view.id} has no address that this cloud knows of")
    private = checked(view.private_ip)
    head = None if direct else _head(cloud, view)
    through = _public(cloud, head.id) if head else ""
    return Way(address=private, head=head.id, head_address=through) if head and through else Way(address=private)


def checked(address: str) -> str:
    """Return an address that the server told, or refuse what is none."""
    try:
        return str(IPv4Address(address))
    except ValueError:
        raise click.ClickException(f"{printable(address)} is no address") from None


def jump(way: Way, login: str, options: Sequence[str], folder: Path) -> list[str]:
    """Form ssh's words for the jump, and write the file that they name; `options` are such as `CheckHostIP=no`."""
    if not way.head:
        return []
    if not _PLAIN.fullmatch(str(folder)):
        raise click.ClickException(f"ssh can not jump with a file in {printable(str(folder))}; use --direct")
    return ["-F", str(_written(_host(way, options), folder)), "-J", f"{login}@{way.head_address}"]


def _host(way: Way, options: Sequence[str]) -> str:
    """Write what holds for the head only; then come the user's own settings and the machine's."""
    if not _ID.fullmatch(way.head):
        raise click.ClickException(f"{printable(way.head)} is no id of an instance")
    for option in options:
        if not option.isprintable():
            raise click.ClickException(f"ssh can not be told {printable(option)}")
    lines = [f"Host {way.head_address}", f"  HostKeyAlias={way.head}", *(f"  {option}" for option in options)]
    return "\n".join([*lines, "Match all", "  Include ~/.ssh/config /etc/ssh/ssh_config", ""])


def _written(text: str, folder: Path) -> Path:
    """Keep a text under a name of its own, so that two who jump at once don't meet."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.conf"
    beside = file.with_suffix(".new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(file)
    return file


def _head(cloud: Asked, view: InstanceView) -> InstanceView | None:
    matching = f"reservation_id={view.reservation_id} launch_index=0 state=running"
    found = cloud.send(calls.instances(matching=matching)).items
    return next((one for one in found if one.id != view.id), None)


def _public(cloud: Asked, instance_id: str) -> str:
    found = cloud.send(holding_calls.listed("address", filter=f"instance_id={instance_id}")).items
    return next((checked(one.ip) for one in found if isinstance(one, AddressView)), "")
