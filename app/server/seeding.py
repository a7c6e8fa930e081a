"""What a cloud is given when it starts: types, the first administrator, hosts of the configuration, rehearsal hosts.

Everything here may run again at every start, and a kill in between is repaired by the next one. The trap: what an
operator removed must not come back, so each part remembers that it was done.
"""

from dataclasses import dataclass

from app.api.resources import AddHost
from app.domain.account import Caller
from app.domain.commands import RegisterImage
from app.domain.files import ImageFiles
from app.domain.network import NetworkPlan
from app.domain.ports import Entropy, Unit
from app.services import accounts, addresses, clusters, dns, hosts, images, public_addresses, rulesets, types
from app.settings import Settings
from app.storage.rehearsal import RehearsalFile, rehearsal_image

REHEARSAL_URI = "test:///rehearsal"
DEFAULT_SHAPE = (2, 3)
_SHAPE_SETTING = "rehearsal.shape"
_IMAGES_SETTING = "rehearsal.images"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A file of the rehearsal image whose bytes are in the library."""

    file: RehearsalFile
    sha256: str
    size_bytes: int


def store_rehearsal_files(files: ImageFiles) -> list[Stored]:
    """Put the rehearsal image's bytes into the library; blocks on the disk."""
    stored = []
    for file in rehearsal_image():
        sha256, size_bytes = files.add([file.content])
        stored.append(Stored(file=file, sha256=sha256, size_bytes=size_bytes))
    return stored


def wants_rehearsal(unit: Unit, settings: Settings) -> tuple[int, int]:
    """Return how many clusters of how many rehearsal hosts are to be there; the default only for an empty cloud."""
    if settings.rehearse_clusters is not None:
        return settings.rehearse_clusters, settings.rehearse_hosts
    return (0, 0) if settings.nodes or unit.hosts.where() else DEFAULT_SHAPE


def seed(unit: Unit, settings: Settings, said: rulesets.Said, entropy: Entropy) -> accounts.Secrets | None:
    """Give types, administrator and hosts; return the administrator's secrets at the first start."""
    types.seed(unit)
    lay_out(unit, settings)
    secrets = accounts.first_start(unit, entropy)
    follow(unit, settings, said)
    shape = wants_rehearsal(unit, settings)
    if shape != (0, 0):
        _join_rehearsal_hosts(unit, *shape)
    return secrets


def lay_out(unit: Unit, settings: Settings) -> None:
    """Set which addresses there are to give."""
    plan = settings.network
    addresses.configure(unit, _source(plan), {name: _source(own) for name, own in plan.of_clusters.items()})
    public_addresses.configure(unit, settings.public_ips, settings.addressing)
    dns.configure(unit, plan.names.domain, [one.subnet for one in plan.all if not one.gateway])


def _source(plan: NetworkPlan) -> addresses.Source:
    return addresses.Source(plan.subnet, plan.each, plan.pairs, plan.gateway)


def register_rehearsal_image(unit: Unit, stored: list[Stored], entropy: Entropy) -> None:
    """Register the rehearsal image, once, for the first account."""
    if unit.setting(_IMAGES_SETTING):
        return
    owner = _first_administrator(unit)
    made: dict[str, str] = {}
    kinds = {"kernel": "kernel", "ramdisk": "ramdisk", "root": "machine"}
    for each in stored:
        command = RegisterImage(
            name=each.file.name,
            kind=kinds[each.file.role],
            sha256=each.sha256,
            size_bytes=each.size_bytes,
            description=each.file.description,
            kernel_id=made["kernel"] if each.file.role == "root" else "",
            ramdisk_id=made["ramdisk"] if each.file.role == "root" else "",
        )
        made[each.file.role] = images.register(unit, owner, command, entropy).id
    unit.set_setting(_IMAGES_SETTING, "yes")


def _first_administrator(unit: Unit) -> Caller:
    user = accounts.first_administrator(unit)
    return Caller(account_id=user.account_id, user_id=user.id, user_name=user.name, admin=True)


def follow(unit: Unit, settings: Settings, said: rulesets.Said) -> None:
    """Take over what counts as soon as eucalyptus.conf says it: hosts of NODES that are not there yet, placement."""
    rulesets.take_over(unit, said)
    if settings.nodes:
        clusters.add(unit, settings.cluster_name)
    for node in settings.nodes:
        if unit.hosts.get(node.name) is None:
            asked = AddHost(
                name=node.name,
                uri=node.uri,
                cluster=settings.cluster_name,
                max_cores=settings.max_cores,
                max_memory_mib=settings.max_mem_mib,
                max_disk_gb=settings.max_disk_gb,
            )
            hosts.add(unit, asked)


def _join_rehearsal_hosts(unit: Unit, cluster_count: int, host_count: int) -> None:
    shape = f"{cluster_count}x{host_count}"
    if unit.setting(_SHAPE_SETTING) == shape:
        return
    for cluster in (f"cluster{number}" for number in range(1, cluster_count + 1)):
        clusters.add(unit, cluster)
        for name in (f"{cluster}-host{number}" for number in range(1, host_count + 1)):
            if unit.hosts.get(name) is None:
                hosts.add(unit, AddHost(name=name, uri=REHEARSAL_URI, cluster=cluster))
    unit.set_setting(_SHAPE_SETTING, shape)
