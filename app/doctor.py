"""Is this machine fit to run the cloud? Each check says what it found and what to type.

Nothing is changed and no host is contacted. libvirt itself is not imported (only app/xen does that): its library
is looked for by name, its sockets by path.
"""

import asyncio
import ctypes.util
import os
import re
import shlex
import shutil
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

from app.domain.errors import Unavailable
from app.domain.joint import SERVER
from app.domain.network import SEALED, NetworkPlan
from app.settings import Settings

OLDEST_PYTHON = (3, 11)
FIRST_WITH_LOCKS = (5, 18)
"""Linux whose bridges can lock a port to the MAC addresses that are pinned to it."""
WIREGUARD = (
    "/sys/module/wireguard",
    *(f"/lib/modules/{{}}/kernel/drivers/net/wireguard/wireguard.ko{end}" for end in ("", ".xz", ".zst", ".gz")),
)
"""Where a kernel shows it, loaded or not."""
VXLAN_PORT = 4789
LIBVIRT_SOCKETS = (
    ("/run/libvirt/libvirt-sock", "qemu:///system"),
    ("/run/libvirt/virtqemud-sock", "qemu:///system"),
    ("/run/libvirt/virtxend-sock", "xen:///system"),
)
XEN_CAPABILITIES = "/proc/xen/capabilities"
LOCKS = Path("/proc/locks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of the doctor: `advice` is what to type, empty when there is nothing to do."""

    name: str
    ok: bool
    found: str
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What the checks ask of the machine; tests hand in another."""

    python: Sequence[int]
    kernel: str
    library: Callable[[str], str | None]
    distribution: Callable[[str], str | None]
    program: Callable[[str], str | None]
    exists: Callable[[str], bool]
    free_port: Callable[[str, int], str]
    """Return why host and port can not be bound, empty if they can."""
    free_datagrams: Callable[[int], str]
    """The same for UDP at all addresses."""
    cards: Callable[[str], Sequence[str]]
    """Name the network cards of a kind."""
    serving: Callable[[Path], str]
    """Return the address at which a server serves that state directory now, empty if none does."""


def this_machine() -> Machine:
    """The machine that this runs on."""
    return Machine(
        python=sys.version_info[:3],
        kernel=os.uname().release,
        library=ctypes.util.find_library,
        distribution=_distribution,
        program=shutil.which,
        exists=os.path.exists,
        free_port=_why_not_bound,
        free_datagrams=lambda port: _why_not_bound("", port, socket.SOCK_DGRAM),
        cards=_cards,
        serving=_serving,
    )


def examine(settings: Settings, machine: Machine) -> list[Check]:
    """Run every check; the machine is fit when all are ok."""
    return [
        _python(machine),
        *_libvirt(machine),
        _state_dir(settings),
        *_config(settings),
        *_rules(settings),
        _port(settings, machine),
        _hypervisor(machine),
        *_networks(settings, machine),
        *_joined(settings.network),
        *_way(settings.network, machine),
        *_leases(settings, machine),
        *_names(settings, machine),
        _volumes(),
    ]


def _python(machine: Machine) -> Check:
    version = ".".join(str(part) for part in machine.python)
    fit = tuple(machine.python[:2]) >= OLDEST_PYTHON
    return Check(name="python", ok=fit, found=version, advice="" if fit else "apt-get install python3 (3.11 or newer)")


def _libvirt(machine: Machine) -> Iterator[Check]:
    library = machine.library("virt")
    yield Check(
        name="libvirt library",
        ok=library is not None,
        found=library or "not found",
        advice="" if library else "apt-get install libvirt0",
    )
    binding = machine.distribution("libvirt-python")
    yield Check(
        name="libvirt-python",
        ok=binding is not None,
        found=binding or "not installed",
        advice="" if binding else "make setup",
    )


def _state_dir(settings: Settings) -> Check:
    folder = settings.state_dir
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    writable = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    words = "can be written" if writable else f"{there} can not be written"
    found = f"{folder}: {words}" if folder.exists() or not writable else f"{folder}: will be made on the first start"
    return Check(name="state directory", ok=writable, found=found, advice="" if writable else "euca serve --state DIR")


def _config(settings: Settings) -> Iterator[Check]:
    """A file with problems never gets here: settings are refused while they are loaded."""
    found = f"{settings.config} was read" if settings.config else "none given, defaults hold"
    yield Check(name="config", ok=True, found=found)
    for idle in settings.idle:
        yield Check(name="config", ok=True, found=str(idle))


def _rules(settings: Settings) -> Iterator[Check]:
    """Say what is wrong with the rules that eucalyptus.conf names; a running cloud goes on with what it had."""
    if settings.schedpolicy == "RULES":
        from app.server import rule_files  # noqa: PLC0415 - the doctor starts where the reader's libraries are missing

        path, said = rule_files.named_by(settings), rule_files.said(settings)
        found = f"policy {said.rules.policy} of {path}" if said.rules else str(said.refused)
        advice = "" if said.rules else f"euca rules check {shlex.quote(str(path))}"
        yield Check(name="mapping rules", ok=said.rules is not None, found=found, advice=advice)


def _port(settings: Settings, machine: Machine) -> Check:
    why = machine.free_port(settings.listen_host, settings.listen_port)
    address = f"{settings.listen_host}:{settings.listen_port}"
    if why and urlsplit(machine.serving(settings.state_dir)).port == settings.listen_port:
        return Check(name="listener", ok=True, found=f"{address}: this cloud is running and listens there")
    return Check(
        name="listener",
        ok=not why,
        found=f"{address}: {why or 'free'}",
        advice="euca serve --listen HOST:PORT with another port" if why else "",
    )


def _hypervisor(machine: Machine) -> Check:
    """No hypervisor here is no fault: hosts are usually other machines, and rehearsal needs none."""
    uris = local_uris(machine.exists)
    if uris:
        uri = uris[0]
        return Check(name="hypervisor", ok=True, found=f"libvirt answers here as {uri}", advice=f"euca host add {uri}")
    if machine.program("libvirtd") or machine.program("virtqemud"):
        found, advice = (
            "libvirt is installed and not running",
            "systemctl start libvirtd && euca host add qemu:///system",
        )
    elif machine.program("qemu-system-x86_64"):
        found, advice = "QEMU is installed without libvirt's daemon", "apt-get install libvirt-daemon-system"
    else:
        found, advice = "none here; other machines join by ssh", "euca host add xen+ssh://root@HOST/system"
    return Check(name="hypervisor", ok=True, found=found, advice=advice)


def _networks(settings: Settings, machine: Machine) -> list[Check]:
    plan = settings.network
    own = (_network(one, machine, f"network of {cluster}") for cluster, one in plan.of_clusters.items())
    return [_network(plan, machine), *own, *_gateways(settings)]


def _gateways(settings: Settings) -> Iterator[Check]:
    """Say how gateways are that are other machines, as the server knew last."""
    if not settings.network.elsewhere:
        return
    from app.server import gateways  # noqa: PLC0415 - the doctor starts where the server's libraries are missing

    known = asyncio.run(gateways.states(settings))
    for cluster in settings.network.elsewhere:
        state, error = known.get(cluster, ("awaited", ""))
        advice = {"awaited": f"euca cluster gateway {cluster}", "lost": "euca gateway on its head machine"}
        found = f"{state}: {error}" if error else state
        yield Check(name=f"gateway of {cluster}", ok=state != "lost", found=found, advice=advice.get(state, ""))


def _joined(plan: NetworkPlan) -> Iterator[Check]:
    """Say which networks of different gateways are one; what only one side says never gets here."""
    for gateway in ("", *plan.elsewhere):
        here = gateway or SERVER
        for joint in plan.of_gateway(gateway).joints:
            back = next(each for each in plan.of_gateway(joint.cluster).joints if each.gateway == here)
            ends = f"{back.address} and {joint.address}; both sides say that this path is trusted"
            found = f"one network, plain between {ends}"
            if joint.sealed:
                ends = f"UDP {back.address}:{back.port} and {joint.address}:{joint.port}"
                found = f"one network, encrypted between {ends}; both sides say so, and both machines need WireGuard"
            if here < joint.gateway:
                yield Check(name=f"{here} and {joint.gateway}", ok=True, found=found)


def _way(plan: NetworkPlan, machine: Machine) -> Iterator[Check]:
    """Say whether this machine can do its own part of ways to other gateways and hosts."""
    joints = [joint for joined in plan.joints for joint in plan.of_gateway(joined.cluster).joints]
    ports = {joint.port if joint.sealed else VXLAN_PORT: joint.sealed for joint in joints if joint.gateway == SERVER}
    to_hosts = any(one.ours and not one.gateway and one.tunnels == SEALED and not one.trunk for one in plan.all)
    if to_hosts or any(ports.values()):
        there = any(machine.exists(path.format(machine.kernel)) for path in WIREGUARD)
        found = f"this kernel, {machine.kernel}, {'has it' if there else 'shows none'}"
        advice = "" if there else "modprobe wireguard; VNET_TUNNELS and VNET_JOINED with trusted do without"
        yield Check(name="WireGuard", ok=there, found=found, advice=advice)
    for port, sealed in ports.items():
        why = machine.free_datagrams(port)
        holders = [
            card for card in machine.cards("wireguard" if sealed else "vxlan") if not sealed or card[:4] == "eujw"
        ]
        fit = bool(not why or holders)
        advice = f"another port for {SERVER} in VNET_JOINED: {SERVER}=wireguard:ADDRESS:PORT" if sealed else ""
        yield Check(
            name="port of ways to gateways",
            ok=fit,
            found=f"UDP {port}: {f'card {holders[0]} has it' if why and holders else why or 'free'}",
            advice="" if fit else advice or "end the program that has it",
        )


def _network(plan: NetworkPlan, machine: Machine, name: str = "network") -> Check:
    """Say plainly whether security groups are more than words."""
    if not plan.ours:
        found = f"{plan.mode}: the site's; nothing enforces security groups or leads public addresses; both are refused"
        return Check(name=name, ok=True, found=found, advice='VNET_MODE="MANAGED" enforces them')
    library = machine.library("nftables")
    lends = f"{plan.bridge}*" if plan.each else plan.bridge
    found = f"{plan.mode}: security groups are enforced on {lends}; on a bridge of others, not between neighbours,"
    found += " who can take each other's addresses there"
    if not plan.gateway and _version(machine.kernel) < FIRST_WITH_LOCKS:
        found += (
            f"; this kernel, {machine.kernel}, is older than 5.18 and keeps nobody from sending with the MAC and IP"
        )
        found += " address of a neighbour"
    if plan.tunnels == SEALED and not plan.trunk:
        found += "; hosts that are other machines need wireguard-tools"
    return Check(
        name=name,
        ok=library is not None,
        found=found if library else f"{plan.mode} needs libnftables, which is not there",
        advice="" if library else "apt-get install libnftables1",
    )


def _version(release: str) -> tuple[int, ...]:
    """Read the two numbers that a release of the kernel begins with; none if it does not."""
    found = re.match(r"(\d+)\.(\d+)", release)
    return tuple(map(int, found.groups())) if found else ()


def _names(settings: Settings, machine: Machine) -> Iterator[Check]:
    """Say what names are answered; where nobody asked for that, nothing."""
    if not settings.dns:
        return
    why = machine.free_port(settings.dns_host, settings.dns_port)
    zones = f"eucalyptus.{settings.dns_domain} and walrus.{settings.dns_domain}"
    address = f"{settings.dns_host}:{settings.dns_port}"
    ours = bool(why and machine.serving(settings.state_dir))
    said = f"this cloud is running and answers for {zones}" if ours else why or f"free, to answer for {zones}"
    yield Check(
        name="names",
        ok=ours or not why,
        found=f"{address}: {said}",
        advice='DNS_LISTEN="ADDRESS:PORT" with another one' if why and not ours else "",
    )
    if any(one.ours for one in settings.network.all):
        yield Check(name="the cloud for instances", ok=True, found=_for_instances(settings), advice="")


def _for_instances(settings: Settings) -> str:
    """Tell where instances reach the cloud's own listener, or why they don't."""
    where = [f"{address}:{port}" for address, port in settings.network.open_ports]
    if where:
        return f"names of buckets lead to {', '.join(where)}, which instances reach"
    own = f'LISTEN="{settings.listen_host}:{settings.listen_port}" and DNS_LISTEN="{settings.dns_host}"'
    return f"names of buckets lead nowhere for instances: {own} are for this machine only"


def _leases(settings: Settings, machine: Machine) -> Iterator[Check]:
    """Say whether the program that is to give leases is there; where the server gives them, nothing."""
    program = settings.dhcp_daemon
    if program:
        there = machine.exists(str(program))
        found, advice = (
            ("dnsmasq gives them", "") if there else (f"{program} is not there", "apt-get install dnsmasq-base")
        )
        yield Check(name="leases", ok=there, found=found, advice=advice)


def _volumes() -> Check:
    """Say what becomes of volumes; that nothing holds their content yet is no fault of the machine."""
    found = "rehearsed in zones of rehearsal hosts, where nothing is stored; refused in all others"
    return Check(name="volume storage", ok=True, found=found, advice="")


def _distribution(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _why_not_bound(host: str, port: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> str:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.strerror or str(error)
    return ""


def _cards(kind: str) -> list[str]:
    found = []
    for file in sorted(Path("/sys/class/net").glob("*/uevent")):
        with suppress(OSError):  # a card may go meanwhile
            if f"DEVTYPE={kind}" in file.read_text().split():
                found.append(file.parent.name)
    return found


def _serving(state: Path) -> str:
    """Look who holds the lock of the state without taking it: a server that starts just now must get it."""
    from app.server import eucarc  # noqa: PLC0415 - the doctor starts where the server's libraries are missing

    try:
        lock = (state / "lock").stat()
        held = LOCKS.read_text()
    except OSError:
        return ""
    here = f"{os.major(lock.st_dev):02x}:{os.minor(lock.st_dev):02x}:{lock.st_ino}"
    if not any(here in line.split() for line in held.splitlines()):
        return ""
    try:
        return eucarc.read(eucarc.admin_file(state)).get("EUCA_URL", "")
    except Unavailable:
        return ""


def local_uris(exists: Callable[[str], bool] = os.path.exists) -> list[str]:
    """List the URIs of hypervisors that run on this machine, for the `euca host add` line of a start."""
    found = [uri for path, uri in LIBVIRT_SOCKETS if exists(path)]
    return list(dict.fromkeys(["xen:///system"] if found and exists(XEN_CAPABILITIES) else found))
