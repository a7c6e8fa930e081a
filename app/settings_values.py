"""How the text of one setting becomes a value: each reader raises ValueError that says what could stand there.

Host names, card names and paths end up in URIs and commands for hosts, so their form is checked here, once;
a name that starts with a dash would be an option of ssh.
"""

import ipaddress
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from app.domain.address import addresses_of
from app.domain.joint import joints_of
from app.domain.names import DNS_PORT

Read = Callable[[str, Path], object]
"""Turn a text into a value; the path is the folder of the file that it was written in."""

_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_INTERFACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,14}")
_MAC = re.compile(r"([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}")
_URI_SCHEME = re.compile(r"(xen|qemu|test)(\+(ssh|tls|tcp|unix|libssh|libssh2))?")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LONGEST_DOMAIN = 200  # so that names of instances and buckets are none too long
_MOST_REHEARSAL_HOSTS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedHost:
    """A host of NODES: the name it gets in the cloud and the libvirt URI that reaches it."""

    name: str
    uri: str


def path(text: str, folder: Path) -> Path:
    """A file or folder; a relative one counts from the folder of eucalyptus.conf, or from where the command runs."""
    return folder / text


def absolute(text: str, folder: Path) -> str:
    if not text.startswith("/") or ".." in Path(text).parts:
        raise ValueError(f"'{text}' is no absolute path on the hosts; a valid one is /var/lib/eucalyptus/instances")
    return text


def name(text: str, folder: Path) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(f"'{text}' is no name; letters, digits, dot, dash and underscore can stand there")
    return text


def interface(text: str, folder: Path) -> str:
    if not _INTERFACE.fullmatch(text):
        raise ValueError(f"'{text}' is no name of a network card or bridge; eth0 or xenbr0 could stand there")
    return text


def dhcp_daemon(text: str, folder: Path) -> Path:
    """Read the path of dnsmasq; no other program is driven."""
    file = Path(text)
    if not file.is_absolute() or file.name != "dnsmasq":
        raise ValueError(
            f"'{text}' is no program that is driven here: leases are given by the server itself; remove this line, or"
            " name dnsmasq by its whole path, such as /usr/sbin/dnsmasq"
        )
    return file


def ipv4(text: str, folder: Path) -> str:
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise ValueError(f"'{text}' is no IPv4 address; 10.0.0.1 could stand there") from None


def whole(least: int, *, unit: str = "") -> Read:
    """Read a whole number from `least` on."""

    def reader(text: str, folder: Path) -> int:
        if not (text.isascii() and text.isdigit()) or int(text) < least:
            raise ValueError(f"'{text}' is not possible; a whole number{unit and ' of ' + unit} from {least} on is")
        return int(text)

    return reader


def decimal(least: float, most: float) -> Read:
    """Read a number within bounds."""

    def reader(text: str, folder: Path) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not least <= value <= most:
            raise ValueError(f"'{text}' is not possible; a number from {least:g} to {most:g} is")
        return value

    return reader


def command(text: str, folder: Path) -> tuple[str, ...]:
    """Read a command as a list of arguments, quoted as a shell would; no shell ever sees it."""
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise ValueError(f"'{text}' is no command: {str(error).lower()}") from None
    return words


def watts(text: str, folder: Path) -> tuple[float, float]:
    """Read `IDLE:BUSY`, what a host draws at least and at most."""
    idle, _, busy = text.partition(":")
    read = decimal(0, 1e6)
    try:
        found = float(str(read(idle, folder))), float(str(read(busy, folder)))
    except ValueError:
        found = (1.0, 0.0)
    if found[0] > found[1]:
        raise ValueError(f"'{text}' is not possible; 90:180 stands for 90 W idle and 180 W fully busy")
    return found


def flag(*, inverted: bool = False) -> Read:
    """Read yes or no, in the spellings of 1.6.1."""
    words = {"y": True, "yes": True, "1": True, "true": True, "n": False, "no": False, "0": False, "false": False}

    def reader(text: str, folder: Path) -> bool:
        if text.lower() not in words:
            raise ValueError(f"'{text}' is neither yes nor no; Y or N can stand there")
        return words[text.lower()] is not inverted

    return reader


def choice(*words: str) -> Read:
    """Read one of `words`, whatever its case; `WARN=WARNING` gives another value than is written."""
    values = {word.partition("=")[0].lower(): word.rpartition("=")[2] for word in words}

    def reader(text: str, folder: Path) -> str:
        if text.lower() not in values:
            possible = ", ".join(word.partition("=")[0] for word in words)
            raise ValueError(f"'{text}' is not possible; one of {possible} is")
        return values[text.lower()]

    return reader


def cluster_files(text: str, folder: Path) -> tuple[tuple[str, Path], ...]:
    """Read `cluster=file` pairs, in which no cluster stands twice."""
    read: dict[str, Path] = {}
    for word in text.split():
        cluster, _, file = word.partition("=")
        if not _NAME.fullmatch(cluster) or not file or cluster in read:
            raise ValueError(
                f"'{word}' is not possible; cluster2=cluster2.conf cluster3=cluster3.conf could stand there"
            )
        read[cluster] = path(file, folder)
    return tuple(read.items())


def joined(text: str, folder: Path) -> str:
    """Other gateways, as `lab=wireguard:192.0.2.2`, separated by spaces."""
    joints_of(text)
    return text


def listen(text: str, folder: Path) -> tuple[str, int]:
    """Read `host:port`; an IPv6 address stands in brackets."""
    host, colon, port = text.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    in_form = colon and (_HOST_NAME.fullmatch(bare) if bare == host else _is_ipv6(bare))
    if not in_form or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise ValueError(f"'{text}' is no address to listen on; 127.0.0.1:8773 or [::1]:8773 could stand there")
    return bare, int(port)


def dns_domain(text: str, folder: Path) -> str:
    """Read a domain name; it ends where the site's own name server would hand the rest over to this cloud's."""
    domain = text.lower().removesuffix(".")
    if len(domain) > _LONGEST_DOMAIN or not all(_LABEL.fullmatch(label) for label in domain.split(".")):
        raise ValueError(f"'{text}' is no domain; cloud.example.org could stand there")
    if domain == "internal":
        raise ValueError("'internal' is the domain of private names; cloud.example.org could stand there")
    return domain


def dns_listen(text: str, folder: Path) -> tuple[str, int]:
    """Read `address` or `address:port`; all addresses at once can't be, for gateways answer on their own."""
    address, _, port = text.partition(":")
    try:
        found = ipaddress.IPv4Address(address), listen(f"{address}:{port or DNS_PORT}", folder)[1]
    except ValueError:
        raise ValueError(
            f"'{text}' is no address to listen on; 203.0.113.1 or 127.0.0.1:5353 could stand there"
        ) from None
    if found[0].is_unspecified:
        raise ValueError(f"'{text}' is every address; name one, such as 203.0.113.1")
    return str(found[0]), found[1]


def resolvers(text: str, folder: Path) -> tuple[tuple[str, int], ...]:
    """Read name servers: addresses, each with `:port` if it isn't 53, separated by spaces."""
    return tuple(dns_listen(word, folder) for word in text.split())


def rehearse(text: str, folder: Path) -> tuple[int, int]:
    """Read `CxN`, C clusters of N rehearsal hosts each, or `none`."""
    if text == "none":
        return 0, 0
    clusters, cross, each = text.lower().partition("x")
    if not (cross and clusters.isdecimal() and each.isdecimal() and text.isascii()):
        raise ValueError(f"'{text}' is not possible; 2x3 stands for 2 clusters of 3 rehearsal hosts, none for none")
    if not 1 <= int(clusters) * int(each) <= _MOST_REHEARSAL_HOSTS:
        raise ValueError(f"'{text}' is not possible; at least 1 and at most {_MOST_REHEARSAL_HOSTS} hosts are")
    return int(clusters), int(each)


def hosts(hypervisor: str) -> Read:
    """Read NODES: host names, which need `hypervisor` to become URIs, and libvirt URIs, separated by spaces."""

    def reader(text: str, folder: Path) -> tuple[NamedHost, ...]:
        read = tuple(_host(word, hypervisor) for word in text.split())
        names = [host.name for host in read]
        if doubled := sorted({host for host in names if names.count(host) > 1}):
            raise ValueError(f"{', '.join(doubled)} stands there more than once")
        return read

    return reader


def _host(word: str, hypervisor: str) -> NamedHost:
    if "://" in word:
        return _host_of_uri(word)
    if not _HOST_NAME.fullmatch(word):
        raise ValueError(f"'{word}' is neither a host name nor a libvirt URI such as xen+ssh://root@host/system")
    if hypervisor not in {"xen", "kvm", "qemu"}:
        raise ValueError(f'\'{word}\' needs HYPERVISOR="xen" or "kvm", or a libvirt URI: xen+ssh://root@{word}/system')
    driver = "xen" if hypervisor == "xen" else "qemu"
    return NamedHost(name=word, uri=f"{driver}+ssh://root@{word}/system")


def _host_of_uri(uri: str) -> NamedHost:
    parts = urlsplit(uri)
    if not _URI_SCHEME.fullmatch(parts.scheme):
        raise ValueError(f"'{parts.scheme}://' is not possible; URIs that start with xen, qemu or test are")
    host = parts.hostname or ""
    if host and not (_HOST_NAME.fullmatch(host) or _is_ipv6(host)):
        raise ValueError(f"'{host}' in '{uri}' is no host name")
    if (parts.username or "").startswith("-"):
        raise ValueError(f"'{parts.username}' in '{uri}' is no user name")
    return NamedHost(name=host.replace(":", "-") or f"local-{parts.scheme.partition('+')[0]}", uri=uri)


def power_of_two(least: int) -> Read:
    """Read a power of two from `least` on."""

    def reader(text: str, folder: Path) -> str:
        number = int(text) if text.isascii() and text.isdigit() else 0
        if number < least or number & (number - 1):
            raise ValueError(f"'{text}' is not possible; a power of two from {least} on is, such as 32")
        return text

    return reader


def public_addresses(text: str, folder: Path) -> str:
    """Read PUBLIC_IPS: single addresses, `a-b`, `a/length`, and `!` before what is left out."""
    if not addresses_of(text):
        raise ValueError(f"'{text}' leaves no address; 203.0.113.10-203.0.113.40 could stand there")
    return text


def mac_map(text: str, folder: Path) -> str:
    """Check VNET_MACMAP: `mac=address` pairs, in which nothing stands twice."""
    seen: set[str] = set()
    for word in text.split():
        mac, _, address = word.lower().partition("=")
        if not _MAC.fullmatch(mac) or int(mac[1], 16) & 1:
            raise ValueError(f"'{word}' is no pair such as d0:0d:00:00:00:01=10.0.0.5")
        for one in (mac, ipv4(address, folder)):
            if one in seen:
                raise ValueError(f"{one} stands there more than once")
            seen.add(one)
    return text


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True
