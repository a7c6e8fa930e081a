"""All settings of a server as one value: flags win over the environment, that over eucalyptus.conf, that over defaults.

Every key of 1.6.1's eucalyptus.conf is understood here, or refused with a line that says what replaced it
(`_REPLACED`). All problems are reported at once. The trap: sizes of 1.6.1 are binary (its MB is a MiB), disks are GB.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.conf import Given, Origin, Problem, read
from app.domain.errors import CloudError
from app.domain.network import NetworkPlan, Subnet
from app.settings_values import (
    NamedHost,
    Read,
    absolute,
    choice,
    command,
    flag,
    hosts,
    interface,
    ipv4,
    listen,
    mac_map,
    name,
    path,
    power_of_two,
    public_addresses,
    rehearse,
    vnet_mode,
    watts,
    whole,
)

DEFAULT_BRIDGE = "eucabr0"


class SettingsError(CloudError):
    """The settings can not be used; `problems` holds every reason, `file`, `line`, `key` and `why` the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)
        first = self.problems[0]
        self.file, self.line, self.key, self.why = first.origin.file, first.origin.line, first.key, first.why


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a server is told before it starts; the key of eucalyptus.conf stands in brackets."""

    idle: tuple[Problem, ...] = ()
    """Values that were given and checked, and that nothing acts upon yet."""

    origins: Mapping[str, Origin] = field(default_factory=dict)
    """Where each key that was given stands."""

    config: Path | None = None
    """The eucalyptus.conf that was read, if any. [flag and EUCA_CONFIG only]"""

    state_dir: Path = Path("var")
    """Where the cloud keeps its database, images, keys and credentials. [STATE_DIR]"""

    listen_host: str = "127.0.0.1"
    """The address to answer on: EC2, S3, REST and the console's stream. [LISTEN, before the colon]"""

    listen_port: int = 8773
    """The port to answer on; 0 takes a free one. [LISTEN, after the colon]"""

    rehearse_clusters: int | None = None
    """How many clusters of rehearsal hosts to run; 0: none (REHEARSE="none"); unset: 2 in a cloud without hosts.
    [REHEARSE, before the x]"""

    rehearse_hosts: int = 0
    """How many rehearsal hosts each of these clusters has. [REHEARSE, after the x]"""

    schedpolicy: str = "ROUNDROBIN"
    """How a host is chosen for a new instance: GREEDY, ROUNDROBIN, POWERSAVE or RULES. [SCHEDPOLICY]"""

    nodes: tuple[NamedHost, ...] = ()
    """The hosts of the cluster `cluster_name`, in the order that GREEDY fills them. [NODES with HYPERVISOR]"""

    cluster_name: str = "cluster0"
    """The cluster (availability zone) that `nodes` belong to. [CLUSTER_NAME]"""

    instance_path: str = ""
    """The directory on the hosts for instances' disks; empty: libvirt's default pool. [INSTANCE_PATH]"""

    max_mem_mib: int = 0
    """The most memory of a host that instances may have, in MiB; 0: what the host reports. [MAX_MEM]"""

    max_disk_gb: int = 0
    """The most disk of a host that instances may have, in GB; 0: what the host reports. [MAX_DISK]"""

    max_cores: int = 0
    """The cores that a host offers, be they there or not; 0: what the host reports. [MAX_CORES]"""

    swap_mib: int = 512
    """The size of an instance's swap disk, in MiB. [SWAP_SIZE]"""

    cache_mib: int = 99999
    """How much of a host's pool cached images may take, in MiB. [NC_CACHE_SIZE]"""

    manual_instances_cleanup: bool = False
    """Whether the disks of ended instances stay until somebody removes them. [MANUAL_INSTANCES_CLEANUP]"""

    journal_keep_s: int = 604_800
    """Seconds for which changes, ended instances and client tokens are remembered. [JOURNAL_KEEP]"""

    requests_per_s: int = 0
    """Requests per second that an account may send on average to EC2, ten seconds' worth at once; 0: no limit.
    [REQUEST_LIMIT]"""

    volumes: bool = True
    """Whether block volumes are offered. [DISABLE_EBS, turned round]"""

    log_level: str = "INFO"
    """The least level that is logged: DEBUG, INFO, WARNING, ERROR or CRITICAL. [LOGLEVEL]"""

    addressing: str = "asked"
    """Which instances get a public address: all, the head of a reservation, or those asked for. [ADDRESSING]"""

    public_ips: str = ""
    """The public addresses that there are to give; none: hosts of a rehearsal have some that lead nowhere.
    [PUBLIC_IPS or VNET_PUBLICIPS]"""

    vnet_mode: str = "SYSTEM"
    """Who gives addresses to instances: SYSTEM (the site's DHCP) or MANAGED-NOVLAN (this server). [VNET_MODE]"""

    vnet: Mapping[str, str] = field(default_factory=dict)
    """The other VNET_ keys that were given, by their full name, checked. [VNET_…]"""

    mapping_policy: str = ""
    """The policy of the rules that is active; empty: the one titled "default", or the only one. [MAPPING_POLICY]"""

    mapping_rules: Path | None = None
    """The file of mapping rules, or a directory of *.rules; none: those that are shipped. [MAPPING_RULES]"""

    remap_mode: str = "auto"
    """Whether running instances are moved: off, advise (say what would be done) or auto. [REMAP_MODE]"""

    remap_interval_s: int = 0
    """Seconds between two looks for better places; 0: as the policy says. [REMAP_INTERVAL]"""

    power_sleep_command: tuple[str, ...] = ()
    """What puts the host in EUCA_HOST and EUCA_URI to sleep; run without a shell. [POWER_SLEEP_COMMAND]"""

    power_wake_command: tuple[str, ...] = ()
    """What wakes it, likewise: wake-on-LAN, IPMI, ssh. [POWER_WAKE_COMMAND]"""

    power_idle_s: int = 300
    """Seconds without an instance after which a host may sleep. [POWER_IDLETHRESH]"""

    power_wake_s: int = 300
    """Seconds that a host may take to wake before it counts as lost. [POWER_WAKETHRESH]"""

    power_model: tuple[float, float] = (93.7, 135.0)
    """Watts that an idle and a fully busy host draw, where nothing measures them. [POWER_MODEL]"""

    power_watts_command: tuple[str, ...] = ()
    """What prints the watts of the host in EUCA_HOST and EUCA_URI; run without a shell. [POWER_WATTS_COMMAND]"""

    temp_command: tuple[str, ...] = ()
    """What prints a host's temperature in degrees Celsius, likewise. [TEMP_COMMAND]"""

    sample_s: int = 10
    """Seconds between two looks at what a host does; with more than 200 hosts up to 25. [SAMPLE_INTERVAL]"""

    @property
    def network(self) -> NetworkPlan:
        """The network of real hosts: ours, or the site's with at most a bridge that cards hang on."""
        bridge = self.vnet.get("VNET_BRIDGE", "")
        if self.vnet_mode == "SYSTEM":
            return NetworkPlan(bridge=bridge)
        dns = self.vnet.get("VNET_DNS", "")
        return NetworkPlan(
            bridge=bridge or DEFAULT_BRIDGE,
            subnet=str(Subnet.parse(_subnet(self.vnet)).network),
            dns=(dns,) if dns else (),
        )

    @property
    def samples(self) -> Path:
        """The file of readings, which may be lost."""
        return self.state_dir / "samples.sqlite3"

    @property
    def database(self) -> Path:
        """The file that holds all of the cloud's state."""
        return self.state_dir / "cloud.sqlite3"


@dataclass(frozen=True, slots=True)
class _Key:
    """How one key is read, and into which fields of Settings (several: `read` gives as many values)."""

    read: Read
    fields: tuple[str, ...] = ()


_KEYS: Mapping[str, _Key] = {
    "STATE_DIR": _Key(path, ("state_dir",)),
    "LISTEN": _Key(listen, ("listen_host", "listen_port")),
    "REHEARSE": _Key(rehearse, ("rehearse_clusters", "rehearse_hosts")),
    "SCHEDPOLICY": _Key(choice("GREEDY", "ROUNDROBIN", "POWERSAVE", "RULES"), ("schedpolicy",)),
    "CLUSTER_NAME": _Key(name, ("cluster_name",)),
    "HYPERVISOR": _Key(choice("xen", "kvm", "qemu")),
    "NODES": _Key(hosts(""), ("nodes",)),
    "INSTANCE_PATH": _Key(absolute, ("instance_path",)),
    "MAX_MEM": _Key(whole(0, unit="MiB"), ("max_mem_mib",)),
    "MAX_DISK": _Key(whole(0, unit="GB"), ("max_disk_gb",)),
    "MAX_CORES": _Key(whole(0), ("max_cores",)),
    "SWAP_SIZE": _Key(whole(0, unit="MiB"), ("swap_mib",)),
    "NC_CACHE_SIZE": _Key(whole(0, unit="MiB"), ("cache_mib",)),
    "MANUAL_INSTANCES_CLEANUP": _Key(flag(), ("manual_instances_cleanup",)),
    "JOURNAL_KEEP": _Key(whole(60, unit="seconds"), ("journal_keep_s",)),
    "REQUEST_LIMIT": _Key(whole(0, unit="requests per second"), ("requests_per_s",)),
    "DISABLE_EBS": _Key(flag(inverted=True), ("volumes",)),
    "LOGLEVEL": _Key(choice("DEBUG", "INFO", "WARN=WARNING", "WARNING", "ERROR", "FATAL=CRITICAL"), ("log_level",)),
    "ADDRESSING": _Key(choice("all", "head", "asked"), ("addressing",)),
    "PUBLIC_IPS": _Key(public_addresses, ("public_ips",)),
    "VNET_PUBLICIPS": _Key(public_addresses, ("public_ips",)),
    "VNET_MODE": _Key(vnet_mode, ("vnet_mode",)),
    "MAPPING_POLICY": _Key(name, ("mapping_policy",)),
    "MAPPING_RULES": _Key(path, ("mapping_rules",)),
    "REMAP_MODE": _Key(choice("off", "advise", "auto"), ("remap_mode",)),
    "REMAP_INTERVAL": _Key(whole(0, unit="seconds"), ("remap_interval_s",)),
    "POWER_SLEEP_COMMAND": _Key(command, ("power_sleep_command",)),
    "POWER_WAKE_COMMAND": _Key(command, ("power_wake_command",)),
    "POWER_IDLETHRESH": _Key(whole(300, unit="seconds"), ("power_idle_s",)),
    "POWER_WAKETHRESH": _Key(whole(300, unit="seconds"), ("power_wake_s",)),
    "POWER_MODEL": _Key(watts, ("power_model",)),
    "POWER_WATTS_COMMAND": _Key(command, ("power_watts_command",)),
    "TEMP_COMMAND": _Key(command, ("temp_command",)),
    "SAMPLE_INTERVAL": _Key(whole(1, unit="seconds"), ("sample_s",)),
}
_VNET: Mapping[str, Read] = {
    "VNET_PUBINTERFACE": interface,
    "VNET_PRIVINTERFACE": interface,
    "VNET_BRIDGE": interface,
    "VNET_SUBNET": ipv4,
    "VNET_NETMASK": ipv4,
    "VNET_ADDRSPERNET": power_of_two(4),
    "VNET_DNS": ipv4,
    "VNET_LOCALIP": ipv4,
    "VNET_CLOUDIP": ipv4,
    "VNET_BROADCAST": ipv4,
    "VNET_ROUTER": ipv4,
    "VNET_MACMAP": mac_map,
}
_REPLACED: Mapping[str, str] = {
    "REMAP_MIN_GAIN": "the policy says it: move only if gain > 0.05",
    "REMAP_MAX_MIGRATIONS": "the policy says it: budget migrations <= 4 per round",
    "REMAP_VM_COOLDOWN": "the policy says it: budget migrations <= 1 per vm, counted within an hour",
    "EUCALYPTUS": "the program finds its own files; for the place of the cloud's state set STATE_DIR",
    "EUCA_USER": "the service runs as whom it is started; set User= in its systemd unit",
    "ENABLE_WS_SECURITY": "there is no SOAP between the parts any more; hosts are reached by libvirt over ssh or TLS",
    "CC_PORT": "there is no cluster controller to reach; the cloud's one listener is set by LISTEN",
    "NC_PORT": "there is no node controller; name the port in the libvirt URI of the host in NODES",
    "NC_SERVICE": "there is no node controller; hosts in NODES are reached by libvirt URIs",
    "DISABLE_DNS": "there is no built-in name server; give the names in the site's own",
    "VNET_DHCPDAEMON": "addresses are handed out by the gateway itself, no dhcpd is started",
    "VNET_DHCPUSER": "addresses are handed out by the gateway itself, no dhcpd is started",
    "VNET_INTERFACE": "set VNET_PUBINTERFACE and VNET_PRIVINTERFACE",
}
_OWN_NETWORK = frozenset({"VNET_SUBNET", "VNET_NETMASK", "VNET_DNS"})
_IDLE = frozenset({*_VNET, "MANUAL_INSTANCES_CLEANUP"} - {"VNET_BRIDGE"})
_SLEEP_AND_WAKE = ("POWER_SLEEP_COMMAND", "POWER_WAKE_COMMAND")
_UNSET = frozenset({"", "not_configured"})


def load(flags: Mapping[str, str | None], environ: Mapping[str, str], file: Path | None = None) -> Settings:
    """Settings from `flags` (keys in lower case; None: not given), `EUCA_KEY` variables and `file`.

    Without `file` the flag `config` or EUCA_CONFIG names it. Raises SettingsError with all problems.
    """
    named = flags.get("config") or environ.get("EUCA_CONFIG")
    config = file or (Path(named) if named else None)
    written, problems = _from_file(config)
    found = {given.key: given for given in (*written, *_from_environment(environ))}
    for given in _from_flags(flags):
        found[given.key] = given
    origins = {given.key: given.origin for given in found.values()}
    values: dict[str, object] = {"config": config, "origins": origins} | _understood(found, problems)
    problems += _lonely(origins)
    if problems:
        raise SettingsError(sorted(problems, key=lambda problem: (problem.origin.file, problem.origin.line)))
    return Settings(**values, idle=tuple(_idle(found.values(), values)))  # type: ignore[arg-type]


def _lonely(origins: Mapping[str, Origin]) -> Iterator[Problem]:
    """Name the one of two keys that is given without the other: a host that can be put to sleep must wake again."""
    for key, other in (_SLEEP_AND_WAKE, _SLEEP_AND_WAKE[::-1]):
        if key in origins and other not in origins:
            yield Problem(origin=origins[key], key=key, why=f"needs {other} beside it")


def _idle(given: Iterable[Given], values: Mapping[str, object]) -> Iterator[Problem]:
    """Name what asks for something that is not done yet; a default asks for nothing."""
    defaults = Settings()
    idle = _IDLE - (_OWN_NETWORK if values.get("vnet_mode") == "MANAGED-NOVLAN" else frozenset())
    for each in given:
        names = _KEYS[each.key].fields if each.key in _KEYS else ("vnet",)
        if each.key in idle and any(
            values.get(name, getattr(defaults, name)) != getattr(defaults, name) for name in names
        ):
            yield Problem(origin=each.origin, key=each.key, why="understood, but nothing acts upon it yet")


def _from_file(config: Path | None) -> tuple[list[Given], list[Problem]]:
    if config is None:
        return [], []
    try:
        return read(config.read_text(encoding="utf-8"), config)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "is no UTF-8 text"
        return [], [Problem(origin=Origin(file=str(config)), key="", why=f"can not be read: {why}")]


def _from_environment(environ: Mapping[str, str]) -> list[Given]:
    origin = Origin(file="environment")
    known = ((key, environ.get(f"EUCA_{key}")) for key in (*_KEYS, *_VNET))
    return [Given(key=key, text=text.strip(), origin=origin) for key, text in known if text is not None]


def _from_flags(flags: Mapping[str, str | None]) -> list[Given]:
    origin = Origin(file="command line")
    rest = {key: text for key, text in flags.items() if key != "config" and text is not None}
    return [Given(key=key.upper(), text=text.strip(), origin=origin) for key, text in rest.items()]


def _understood(found: Mapping[str, Given], problems: list[Problem]) -> dict[str, object]:
    """Read every given value into fields of Settings; what can not be read is added to `problems`."""
    values: dict[str, object] = {}
    vnet: dict[str, str] = {}
    hypervisor = found["HYPERVISOR"].text.lower() if "HYPERVISOR" in found else ""
    for given in found.values():
        if given.key not in _KEYS and given.key not in _VNET:
            problems.append(Problem(origin=given.origin, key=given.key, why=_not_known(given.key)))
            continue
        if given.text in _UNSET:
            continue
        try:
            if given.key in _VNET:
                vnet[given.key] = str(_VNET[given.key](given.text, given.origin.folder))
                continue
            key = _KEYS[given.key]
            reader = hosts(hypervisor) if given.key == "NODES" else key.read
            value = reader(given.text, given.origin.folder)
        except ValueError as error:
            problems.append(Problem(origin=given.origin, key=given.key, why=str(error)))
            continue
        values |= zip(key.fields, value if isinstance(value, tuple) and len(key.fields) > 1 else (value,), strict=False)
    if not problems and values.get("vnet_mode") == "MANAGED-NOVLAN":
        problems += _unfit_network(found["VNET_MODE"].origin, vnet)
    return values | {"vnet": vnet}


def _unfit_network(origin: Origin, vnet: Mapping[str, str]) -> list[Problem]:
    """Say what a network of ours lacks."""
    lacking = [key for key in ("VNET_SUBNET", "VNET_NETMASK") if key not in vnet]
    if lacking:
        return [Problem(origin=origin, key="VNET_MODE", why=f"MANAGED-NOVLAN needs {' and '.join(lacking)}, too")]
    try:
        room = Subnet.parse(_subnet(vnet)).size
    except ValueError:
        room = 0
    why = f"{_subnet(vnet)} is no network with room for instances; 10.1.0.0 with 255.255.0.0 could stand there"
    return [] if room else [Problem(origin=origin, key="VNET_SUBNET", why=why)]


def _subnet(vnet: Mapping[str, str]) -> str:
    return f"{vnet['VNET_SUBNET']}/{vnet['VNET_NETMASK']}"


def _not_known(key: str) -> str:
    if key in _REPLACED:
        return f"not used any more: {_REPLACED[key]}; remove this line"
    nearest = difflib.get_close_matches(key.upper(), [*_KEYS, *_VNET], n=1, cutoff=0.5)
    return "there is no such key" + (f"; did you mean {nearest[0]}?" if nearest else "")
