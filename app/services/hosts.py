"""Hosts: join, drain, leave. Only what is wanted is written here; the reconcile loop connects and lets go.

The trap: a libvirt URI can name a program to run (`+ext`, `command=`) or, with the test driver, a file of this machine
whose first line comes back in an error; so a URI is checked as strictly as a path.
"""

import re
from dataclasses import replace
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

from app.api.resources import AddHost, SetHost
from app.domain.errors import Conflict, Invalid, Missing, OverLimit
from app.domain.host import Host
from app.domain.instance import Instance
from app.domain.ports import Unit
from app.domain.states import HostWanted
from app.services.names import check_name

MOST_TAGS = 50
_WORD = re.compile(r"[^\s,]{1,63}")
_DRIVERS = frozenset({"xen", "qemu", "test", "scripted"})
_TRANSPORTS = frozenset({"", "ssh", "libssh", "libssh2", "tls", "tcp", "unix"})
_PROGRAM_WORDS = frozenset({"command", "netcat", "proxy"})
_TEST_PATHS = frozenset({"/default", "/rehearsal"})


def add(unit: Unit, asked: AddHost) -> Host:
    """Let a host join a cluster. The same again changes nothing; the same name or URI for another is a Conflict."""
    check_name("name", asked.name)
    check_uri(asked.uri)
    _check_limits(asked)
    if unit.clusters.get(asked.cluster) is None:
        raise Missing("cluster", asked.cluster)
    existing = unit.hosts.get(asked.name)
    if existing:
        return _again(unit, existing, asked)
    _check_uri_is_free(unit, asked)
    traits = _traits(SetHost(rack=asked.rack, tags=asked.tags, cpu_ratio=asked.cpu_ratio, mips=asked.mips))
    host = Host(
        name=asked.name,
        cluster=asked.cluster,
        uri=asked.uri,
        ordinal=1 + max((host.ordinal for host in unit.hosts.where()), default=0),
        max_cores=asked.max_cores,
        max_memory_mib=asked.max_memory_mib,
        max_disk_gb=asked.max_disk_gb,
        bridge=asked.bridge,
        **traits,
        created_at_ms=unit.now_ms,
    )
    unit.hosts.add(host, text=f"Host {host.name} joins cluster {host.cluster}")
    return host


def change(unit: Unit, name: str, asked: SetHost) -> Host:
    """Write what rules read of a host: its rack and tags, how many processors a core carries, its speed."""
    changed = replace(get(unit, name), **_traits(asked))
    unit.hosts.put(changed, text=f"Host {name} was described anew")
    return changed


def drain(unit: Unit, name: str) -> Host:
    """Let a host take nothing new; rules may empty it."""
    return _want(unit, name, HostWanted.DRAINING, "takes nothing new")


def undrain(unit: Unit, name: str) -> Host:
    """Let a drained or leaving host take instances again."""
    return _want(unit, name, HostWanted.ENABLED, "takes instances again")


def remove(unit: Unit, name: str) -> Host:
    """Let a host leave as soon as nothing of ours is on it."""
    return _want(unit, name, HostWanted.REMOVED, "leaves as soon as it is empty")


def get(unit: Unit, name: str) -> Host:
    """Return a host; Missing otherwise."""
    host = unit.hosts.get(name)
    if host is None:
        raise Missing("host", name)
    return host


def carried(unit: Unit, name: str) -> list[Instance]:
    """List the instances of a host that are not gone from it."""
    return unit.instances.where(host=name, removed=False)


def forget(unit: Unit, name: str) -> None:
    """Remove the row of a host that was to leave and is empty; anything else is left as it is."""
    host = unit.hosts.get(name)
    if host is not None and host.wanted is HostWanted.REMOVED:
        unit.hosts.remove(host, event="host.left", text=f"Host {name} has left")


def check_uri(uri: str) -> str:
    """Return `uri`, or raise Invalid unless it is a libvirt URI that needs no password and runs no program."""
    try:
        parts = urlsplit(uri)
        _ = parts.port  # read to be checked: a number that no port has raises
    except ValueError:
        raise Invalid("uri", uri[:80], "It is not a URI with a host and a port.") from None
    why = _objection(uri, parts)
    if why:
        shown = uri if not parts.password else f"{parts.scheme}://…"
        raise Invalid("uri", shown[:200], why)
    return uri


def _objection(uri: str, parts: SplitResult) -> str:
    driver, _, transport = parts.scheme.partition("+")
    objections = {
        "Give a libvirt URI such as xen+ssh://root@host/, qemu+tls://host/system or test:///default.": (
            driver not in _DRIVERS or not uri.startswith(f"{parts.scheme}://")
        ),
        f"The transport {transport} is not allowed: use ssh, tls, tcp or unix.": transport not in _TRANSPORTS,
        "Its host or user has a form that programs could take for an option.": (
            parts.netloc.startswith("-") or "@-" in parts.netloc or not uri.isprintable() or " " in uri
        ),
        "A password does not belong into a URI: use an ssh key or TLS.": parts.password is not None,
        "Options that name programs are not allowed.": bool(
            _PROGRAM_WORDS & parse_qs(parts.query, keep_blank_values=True).keys()
        ),
        "Test hosts are test:///rehearsal or test:///default; files of this machine are not read.": (
            driver == "test" and parts.path not in _TEST_PATHS
        ),
    }
    return next((why for why, holds in objections.items() if holds), "")


def _check_limits(asked: AddHost) -> None:
    limits = {"max_cores": asked.max_cores, "max_memory_mib": asked.max_memory_mib, "max_disk_gb": asked.max_disk_gb}
    for parameter, value in limits.items():
        if value < 0:
            raise Invalid(parameter, value, "It can not be negative; 0 means what the host itself has.")
    if asked.bridge:
        check_name("bridge", asked.bridge)


def _traits(asked: SetHost) -> dict[str, Any]:
    """Check and spell what was given of a host's rack, tags, ratio and speed."""
    if asked.rack:
        check_name("rack", asked.rack)
    for tag in asked.tags or ():
        if not _WORD.fullmatch(tag) or not tag.isprintable():
            raise Invalid("tags", tag[:80], "A tag is a word of 1 to 63 characters without blanks and commas.")
    if len(asked.tags or ()) > MOST_TAGS:
        raise OverLimit("tags per host", len(asked.tags or ()), MOST_TAGS)
    for parameter, value, least, most in (("cpu_ratio", asked.cpu_ratio, 0.1, 64.0), ("mips", asked.mips, 0.0, 1e7)):
        if value is not None and not least <= value <= most:
            raise Invalid(parameter, value, f"It is a number from {least:g} to {most:g}.")
    given = {"rack": asked.rack, "cpu_ratio": asked.cpu_ratio, "mips": asked.mips}
    tags = {} if asked.tags is None else {"tags": tuple(sorted(set(asked.tags)))}
    return {name: value for name, value in given.items() if value is not None} | tags


def _check_uri_is_free(unit: Unit, asked: AddHost) -> None:
    for other in unit.hosts.where(uri=asked.uri):
        if not other.rehearsal:
            raise Conflict("host", asked.name, f"has the URI of host {other.name}")


def _again(unit: Unit, existing: Host, asked: AddHost) -> Host:
    if (existing.uri, existing.cluster) != (asked.uri, asked.cluster):
        raise Conflict("host", asked.name, f"exists already in cluster {existing.cluster} with URI {existing.uri}")
    if existing.wanted is HostWanted.REMOVED:
        return undrain(unit, existing.name)
    return existing


def _want(unit: Unit, name: str, wanted: HostWanted, text: str) -> Host:
    changed = replace(get(unit, name), wanted=wanted)
    unit.hosts.put(changed, event=f"host.{wanted}", text=f"Host {name} {text}")
    return changed
