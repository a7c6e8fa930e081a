"""All settings of a server as one value: flags win over the environment, that over eucalyptus.conf, that over defaults.

Every key of 1.6.1's eucalyptus.conf is understood, or refused with a line that says what replaced it. All problems are
reported at once. The trap: sizes of 1.6.1 are binary (its MB is a MiB), disks are GB.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.conf import Given, Origin, Problem, read
from app.domain.errors import CloudError
from app.domain.names import DNS_PORT, Names, address_for_instances
from app.domain.network import NetworkPlan
from app.domain.overlay import Overlay
from app.settings_clusters import of_clusters
from app.settings_keys import KEYS, REPLACED
from app.settings_network import UNSET, VNET, acted_upon, lacks, plan, unused
from app.settings_values import NamedHost, cluster_files, hosts


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
    """Values that were given and checked, and that nothing acts upon, with the reason."""

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

    domain_overlays: tuple[Overlay, ...] = ()
    """What is laid over definitions of domains. [DOMAIN_OVERLAYS, a file]"""

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
    """Who gives addresses to instances: SYSTEM (the site's DHCP), or this server, from a list (STATIC), to all on one
    network (MANAGED-NOVLAN) or to each security group on its own (MANAGED). [VNET_MODE]"""

    vnet: Mapping[str, str] = field(default_factory=dict)
    """The other VNET_ keys that were given, by their full name, checked. [VNET_…]"""

    vnet_clusters: tuple[tuple[str, Path], ...] = ()
    """Clusters whose network is another, each with the file that says its VNET_ keys. [VNET_CLUSTERS]"""

    cluster_plans: Mapping[str, NetworkPlan] = field(default_factory=dict)
    """What these files say."""
    dns: bool = False
    """Whether names of instances and buckets are answered. [DISABLE_DNS, turned round]"""

    dns_domain: str = "localhost"
    """The domain of public names and of buckets: euca-203-0-113-10.eucalyptus.DOMAIN, BUCKET.walrus.DOMAIN.
    [DNS_DOMAIN]"""

    dhcp_daemon: Path | None = None
    """The dnsmasq that hands out leases; unset: the server does it itself. [VNET_DHCPDAEMON]"""

    dns_host: str = "127.0.0.1"
    """The address to answer for names on, besides the gateways of our networks. [DNS_LISTEN, before the colon]"""

    dns_port: int = 53
    """The port of that address, for UDP and TCP. [DNS_LISTEN, after the colon]"""

    dns_forward: tuple[tuple[str, int], ...] = ()
    """The resolvers, address and port, that are asked for all other names; none: VNET_DNS. [DNS_FORWARD]"""

    gateway_host: str = "127.0.0.1"
    """The address to answer gateways of clusters on that have theirs elsewhere. [GATEWAY_LISTEN, before the colon]"""

    gateway_port: int = 8774
    """The port of that address; 0 takes a free one. [GATEWAY_LISTEN, after the colon]"""

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
        found, names = plan(self.vnet_mode, self.vnet), Names(self.dns_domain if self.dns else "")
        others = {cluster: replace(one, names=names) for cluster, one in self.cluster_plans.items()}
        return replace(
            found, names=names, hidden=self.addressing == "head", open_ports=self._open_ports, of_clusters=others
        )

    @property
    def _open_ports(self) -> tuple[tuple[str, int], ...]:
        """Where instances reach the cloud itself: nowhere, unless names lead them there."""
        address = address_for_instances(self.listen_host, self.dns_host) if self.dns else ""
        return ((address, self.listen_port),) if address else ()

    @property
    def resolvers(self) -> tuple[tuple[str, int], ...]:
        """Who is asked for names that are not ours."""
        return self.dns_forward or tuple((address, DNS_PORT) for address in self.network.dns)

    @property
    def samples(self) -> Path:
        """The file of readings, which may be lost."""
        return self.state_dir / "samples.sqlite3"

    @property
    def replay(self) -> Path:
        """The file that shows the past, which may be lost."""
        return self.state_dir / "replay.sqlite3"

    @property
    def database(self) -> Path:
        """The file that holds all of the cloud's state."""
        return self.state_dir / "cloud.sqlite3"


_IDLE = frozenset({*VNET, "MANUAL_INSTANCES_CLEANUP"} - {"VNET_BRIDGE"})
_SLEEP_AND_WAKE = ("POWER_SLEEP_COMMAND", "POWER_WAKE_COMMAND")


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
    """Name what asks for something that is not done; a default asks for nothing."""
    defaults, mode, vnet = Settings(), str(values.get("vnet_mode", "SYSTEM")), values.get("vnet")
    idle = _IDLE - acted_upon(mode, vnet if isinstance(vnet, dict) else {})
    for each in given:
        names = KEYS[each.key].fields if each.key in KEYS else ("vnet",)
        if each.key in idle and any(
            values.get(name, getattr(defaults, name)) != getattr(defaults, name) for name in names
        ):
            yield Problem(origin=each.origin, key=each.key, why=unused(each.key, mode))


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
    known = ((key, environ.get(f"EUCA_{key}")) for key in (*KEYS, *VNET))
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
        if given.key not in KEYS and given.key not in VNET:
            problems.append(Problem(origin=given.origin, key=given.key, why=_not_known(given.key)))
            continue
        if given.text in UNSET:
            continue
        try:
            if given.key in VNET:
                vnet[given.key] = str(VNET[given.key](given.text, given.origin.folder))
                continue
            key = KEYS[given.key]
            reader = hosts(hypervisor) if given.key == "NODES" else key.read
            value = reader(given.text, given.origin.folder)
        except ValueError as error:
            problems.append(Problem(origin=given.origin, key=given.key, why=str(error)))
            continue
        values |= zip(key.fields, value if isinstance(value, tuple) and len(key.fields) > 1 else (value,), strict=False)
    if not problems and (unfit := lacks(str(values.get("vnet_mode", "")), vnet)):
        problems.append(Problem(origin=found["VNET_MODE"].origin, key=unfit[0], why=unfit[1]))
    if not problems and "vnet_clusters" in values:
        ours, files = plan(str(values.get("vnet_mode", "")), vnet), found["VNET_CLUSTERS"]
        values["cluster_plans"], wrong = of_clusters(cluster_files(files.text, files.origin.folder), ours, files.origin)
        problems += wrong
    elif not problems and "VNET_JOINED" in vnet:
        why = "there is no gateway elsewhere to be joined with; VNET_CLUSTERS names clusters that may have one"
        problems.append(Problem(origin=found["VNET_JOINED"].origin, key="VNET_JOINED", why=why))
    return values | {"vnet": vnet}


def _not_known(key: str) -> str:
    if key in REPLACED:
        return f"not used any more: {REPLACED[key]}; remove this line"
    nearest = difflib.get_close_matches(key.upper(), [*KEYS, *VNET], n=1, cutoff=0.5)
    return "there is no such key" + (f"; did you mean {nearest[0]}?" if nearest else "")
