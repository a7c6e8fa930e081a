"""What a machine's network looks like from outside our code, as text that can be compared.

The trap: numbers of cards, the order of sets in a table, and when a card notices its wire are the kernel's own.
"""

import re
import subprocess
from pathlib import Path

from tests.net.namespaces import Namespace

_SETTINGS = Path("/proc/sys/net")
_OF_CARDS = (
    "ipv4/conf/*/forwarding",
    "ipv4/conf/*/proxy_arp_pvlan",
    "ipv4/neigh/*/proxy_delay",
    "ipv4/conf/*/rp_filter",
)
_COMMANDS = (
    "ip -oneline link",
    "ip -4 -oneline address",
    "ip -4 route show table all",
    "bridge -d link",
    "bridge fdb show state static",
    "ip -4 neighbour show nud permanent",
    "nft list ruleset",
)
_NOISE = re.compile(r"^\d+: |@if\d+|NO-CARRIER,|,LOWER_UP| linkdown| state \w+", re.MULTILINE)


def shape() -> list[str]:
    """Tell cards, addresses, routes, ports of bridges, packet rules and settings of this thread's namespace, sorted."""
    shown = [_NOISE.sub("", _said(*command.split())) for command in _COMMANDS]
    told = [*shown, *(line for pattern in _OF_CARDS for line in _settings(pattern))]
    return sorted(line for line in "\n".join(told).splitlines() if line.strip())


def foreign(machine: Namespace, card: str, table: str) -> str:
    """Tell everything of a card and of a table, byte for byte."""
    commands = (
        f"ip address show dev {card}",
        f"ip route show table all dev {card}",
        f"nft -a list table {table}",
    )
    return machine.call(
        lambda: "\n".join([_said(*line.split()) for line in commands] + _settings(f"ipv4/conf/{card}/*"))
    )


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout


def _settings(pattern: str) -> list[str]:
    return [f"{file} {_read(file)}" for file in sorted(_SETTINGS.glob(pattern))]


def _read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return "unreadable"
