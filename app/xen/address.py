"""What a host's URI means: which hypervisor drives it, what libvirt is to open, and how to tune the connection.

The query carries a few parameters of our own, which libvirt never sees: `keepalive=5x3` (seconds × missed answers) or
`keepalive=off`, `patience=6` (a slow host: deadlines are that many times longer), `accel=kvm` (QEMU hosts; else
software emulation), `guest=pvh` (Xen hosts; else PV), and for rehearsal hosts
(`test:///rehearsal?cores=8&memory_mib=16384&disk_gb=200`) their size. The trap: every open of a `test:///` file is a
world of its own inside this process, so such a connection must never be given up.
"""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from app.domain.errors import Invalid
from app.domain.vmtype import Size


class Kind(StrEnum):
    """The hypervisor behind a connection, as far as definitions and capacities differ."""

    QEMU = "qemu"
    XEN = "xen"
    TEST = "test"
    SCRIPTED = "scripted"


REHEARSAL_SIZE = Size(cores=8, memory_mib=16384, disk_gb=200)
OURS = frozenset({"keepalive", "patience", "accel", "guest", "cores", "memory_mib", "disk_gb"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A host's URI taken apart. `keepalive` is (interval s, count) or None; `rehearsal` means: write a node file."""

    uri: str
    kind: Kind
    in_process: bool
    rehearsal: bool
    keepalive: tuple[int, int] | None
    patience: int
    accel: str
    guest: str
    size: Size
    name: str  # the host's name inside a scripted world, and the socket of that world
    socket: str


def parse(uri: str) -> Address:
    """Read a host's URI; Invalid if its scheme or one of our parameters makes no sense."""
    parts = urlsplit(uri)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    own = {name: value for name, value in pairs if name in OURS}
    rest = urlencode([pair for pair in pairs if pair[0] not in OURS], quote_via=quote, safe="/")
    in_process = parts.scheme == "test"
    return Address(
        uri=uri.partition("?")[0] + (f"?{rest}" if rest else ""),
        kind=_kind(uri, parts.scheme),
        in_process=in_process,
        rehearsal=in_process and parts.path == "/rehearsal",
        keepalive=None if in_process else _keepalive(own.get("keepalive", "5x3")),
        patience=_number(own, "patience", 1),
        accel=own.get("accel", ""),
        guest=own.get("guest", "pv"),
        name=parts.path.strip("/"),
        socket=dict(pairs).get("socket", ""),
        size=Size(
            cores=_number(own, "cores", REHEARSAL_SIZE.cores),
            memory_mib=_number(own, "memory_mib", REHEARSAL_SIZE.memory_mib),
            disk_gb=_number(own, "disk_gb", REHEARSAL_SIZE.disk_gb),
        ),
    )


def _kind(uri: str, scheme: str) -> Kind:
    try:
        return Kind(scheme.partition("+")[0])
    except ValueError:
        raise Invalid("uri", uri, "A host's URI begins with xen, qemu, test or scripted.") from None


def _keepalive(text: str) -> tuple[int, int] | None:
    if text == "off":
        return None
    interval, _, count = text.partition("x")
    if not (interval.isdecimal() and count.isdecimal()):
        raise Invalid("keepalive", text, "It is SECONDSxCOUNT, for example 5x3, or off.")
    return int(interval), int(count)


def _number(own: dict[str, str], name: str, default: int) -> int:
    text = own.get(name, str(default))
    if not text.isdecimal() or int(text) == 0:
        raise Invalid(name, text, "It is a whole number greater than 0.")
    return int(text)
