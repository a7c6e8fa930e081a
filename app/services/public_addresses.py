"""Public addresses as records: taken out of the pool by accounts or by launches, put on instances, given back.

What an account allocated stays with it until it is released, whatever becomes of its instances; what a launch got
returns to the pool when its instance ends or gets another one. The trap: the pool is what the settings say today, so
an address may be given that is no longer in it: it is kept, and not given again.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

from app.domain import ids
from app.domain.account import Caller
from app.domain.address import POOL, REHEARSAL_ADDRESSES, REHEARSAL_POOL, Address, Addressing, addresses_of
from app.domain.errors import Conflict, Exhausted, Invalid, Malformed, Missing, Unsupported, WrongState
from app.domain.instance import Instance
from app.domain.ports import Entropy, Unit
from app.domain.quota import Resource
from app.domain.states import Wanted
from app.services import modes, quotas, tags
from app.services.access import owns

DOMAINS = ("vpc", "standard")
_AT_ONCE = 64
_POOL, _UNASKED, _CURSOR = "network.public_ips", "network.addressing", "network.public_cursor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """All addresses that there are, given or not."""

    name: str
    addresses: tuple[str, ...] = ()


def configure(unit: Unit, pool: str, addressing: str) -> None:
    """Set the pool (`addresses_of` reads it) and which instances get an address unasked: all, head or asked (none)."""
    for name, value in ((_POOL, pool), (_UNASKED, addressing)):
        if unit.setting(name) != value:
            unit.set_setting(name, value)


def pool_of(unit: Unit) -> Pool:
    """Return the pool of the settings; without one a cloud of rehearsal hosts has addresses that lead nowhere."""
    text = unit.setting(_POOL)
    if text:
        return Pool(name=POOL, addresses=addresses_of(text))
    hosts = unit.hosts.where()
    if hosts and all(host.rehearsal for host in hosts):
        return Pool(name=REHEARSAL_POOL, addresses=addresses_of(REHEARSAL_ADDRESSES))
    return Pool(name=POOL)


def gives_unasked(unit: Unit) -> bool:
    """Tell whether every instance gets an address if its launch says nothing of it."""
    return unit.setting(_UNASKED) == "all" and not modes.lacks(unit)


def allocate(unit: Unit, caller: Caller, entropy: Entropy, *, domain: str = "", ip: str = "") -> Address:
    """Give the account an address: `ip` if it is said and free, else any; the cloud's administrators have no limit."""
    if domain not in ("", *DOMAINS):
        raise Invalid("Domain", domain, f"Choose {' or '.join(DOMAINS)}.")
    modes.check(unit, "AllocateAddress")
    quotas.check(unit, caller.account_id, Resource.ADDRESSES, 1, exempt=caller.admin)
    pool = pool_of(unit)
    if ip and (_parsed(ip) not in pool.addresses or unit.addresses.where(ip=ip)):
        raise Missing("address", ip)
    address = Address(
        id=ids.mint("allocation", entropy(ids.ENTROPY_BYTES)),
        ip=ip or _free(unit, pool, 1, 1)[0],
        account_id=caller.account_id,
        pool=pool.name,
        domain=domain or DOMAINS[0],
        created_at_ms=unit.now_ms,
    )
    _add(unit, address)
    return address


def release(unit: Unit, address: Address) -> None:
    """Put an address back into the pool, off its instance if it is on one."""
    tags.forget(unit, address.id)
    unit.addresses.remove(address, event="address.released")


def find(unit: Unit, caller: Caller, *, ip: str = "", allocation_id: str = "") -> Address:
    """Look an address of the caller up; Missing if there is none, or if it came with a launch."""
    if allocation_id:
        found = unit.addresses.where(id=ids.canonical(allocation_id), automatic=False)
        named = ("allocation", allocation_id)
    else:
        found = unit.addresses.where(ip=_parsed(ip), automatic=False)
        named = ("address", ip)
    if not found or not owns(caller, found[0]):
        raise Missing(*named)
    return found[0]


def associated(unit: Unit, caller: Caller, association_id: str) -> Address:
    """Look an address of the caller up by its association; Missing otherwise."""
    found = unit.addresses.where(association_id=ids.canonical(association_id), automatic=False)
    if not found or not owns(caller, found[0]):
        raise Missing("association", association_id)
    return found[0]


def associate(unit: Unit, address: Address, instance: Instance, entropy: Entropy, *, may_move: bool = True) -> Address:
    """Put an address on an instance, in the place of the one that it has; again is no error.

    Conflict if it is elsewhere, or the instance has another, and that `may_move` forbids to change. Unsupported if it
    would lead nowhere.
    """
    if instance.wanted is Wanted.TERMINATED:
        raise WrongState("instance", instance.id, instance.state, "which can not be given an address")
    if address.instance_id == instance.id:
        return address
    before = unit.addresses.where(instance_id=instance.id)
    for busy in (address, *before):
        if busy.instance_id and not busy.automatic and not may_move:
            raise Conflict("association", busy.ip, f"is associated with {busy.instance_id} already")
    _refuse_pretending(unit, address, instance)
    for row in before:
        _part(unit, row)
    association_id = ids.mint("association", entropy(ids.ENTROPY_BYTES))
    if address.instance_id:
        _tell(unit, address, f"has moved to {instance.id}")
    changed = replace(address, instance_id=instance.id, association_id=association_id)
    unit.addresses.put(changed, event="address.associated", text=f"with {instance.id}")
    _tell(unit, changed, "leads here")
    return changed


def disassociate(unit: Unit, address: Address) -> None:
    """Take an address off its instance; one that is on none is no error."""
    if address.instance_id:
        _part(unit, address)


def of_instances(unit: Unit, instance_ids: Sequence[str]) -> dict[str, Address]:
    """Collect the addresses of many instances in one query."""
    return {row.instance_id: row for row in unit.addresses.where(instance_id=tuple(instance_ids))}


def leave(unit: Unit, instance_id: str) -> None:
    """End what an instance that ends has of an address."""
    for row in unit.addresses.where(instance_id=instance_id):
        _part(unit, row, "address.left")


def wanted(unit: Unit, addressing: Addressing, hosts: Sequence[str]) -> int:
    """Count the addresses for a launch of an instance on each of these: what it asks for, or what comes unasked."""
    if addressing == "public":
        modes.check(unit, "A public address", hosts)
    rule = {"public": "all", "private": "asked"}.get(addressing) or unit.setting(_UNASKED)
    count = {"all": len(hosts), "head": min(len(hosts), 1)}.get(rule, 0)
    return 0 if count and modes.lacks(unit, hosts) else count


def choose(unit: Unit, least: int, most: int) -> tuple[str, ...]:
    """Choose free addresses for a launch, as many as there are; Exhausted if that is fewer than `least`."""
    if not most:
        return ()
    return tuple(_free(unit, pool_of(unit), least, most))


def give(unit: Unit, instances: Sequence[Instance], chosen: Sequence[str], entropy: Entropy) -> None:
    """Put what was chosen on the first of these new instances."""
    name = pool_of(unit).name if chosen else ""
    for instance, ip in zip(instances, chosen, strict=False):
        row = Address(
            id=ids.mint("allocation", entropy(ids.ENTROPY_BYTES)),
            ip=ip,
            account_id=instance.account_id,
            automatic=True,
            pool=name,
            instance_id=instance.id,
            association_id=ids.mint("association", entropy(ids.ENTROPY_BYTES)),
            created_at_ms=unit.now_ms,
        )
        _add(unit, row)


def _free(unit: Unit, pool: Pool, least: int, most: int) -> list[str]:
    """List up to `most` free ones; those after the one given last come first, so that a released one comes again last.

    Exhausted if they are fewer than `least`.
    """
    last = unit.setting(_CURSOR)
    start = pool.addresses.index(last) + 1 if last in pool.addresses else 0
    free, all_of_them = list[str](), chain(pool.addresses[start:], pool.addresses[:start])
    while some := list(islice(all_of_them, _AT_ONCE)):
        held = {row.ip for row in unit.addresses.where(ip=some)}
        free += [ip for ip in some if ip not in held]
        if len(free) >= most:
            return free[:most]
    if len(free) < least:
        why = f"{len(free)} of {len(pool.addresses)} are free" if pool.addresses else "this cloud has none"
        raise Exhausted("public addresses", f"{why}; an operator can set PUBLIC_IPS in eucalyptus.conf")
    return free


def _add(unit: Unit, address: Address) -> None:
    unit.addresses.add(address, event="address.given", text=f"from the pool {address.pool}")
    unit.set_setting(_CURSOR, address.ip)


def _part(unit: Unit, address: Address, event: str = "address.disassociated") -> None:
    text = f"from {address.instance_id}"
    if address.automatic:
        unit.addresses.remove(address, event=event, text=text)
    else:
        unit.addresses.put(replace(address, instance_id="", association_id=""), event=event, text=text)
    _tell(unit, address, "leads here no more")


def _tell(unit: Unit, address: Address, what: str) -> None:
    """Say at the instance what became of an address, so that it is shown anew, too."""
    unit.note("instance.addressed", "instance", address.instance_id, f"The public address {address.ip} {what}")


def _refuse_pretending(unit: Unit, address: Address, instance: Instance) -> None:
    """Refuse to show an address that leads nowhere on an instance that really runs."""
    host, what = unit.hosts.get(instance.host), f"Associating {address.ip}"
    if host is None or host.rehearsal:
        return
    if address.pool == REHEARSAL_POOL:
        raise Unsupported(what, "it is a rehearsal's address, and the instance is on a real host")
    modes.check(unit, what, (host.name,))


def _parsed(ip: str) -> str:
    try:
        return str(ipaddress.IPv4Address(ip))
    except ValueError:
        raise Malformed("address", ip, "an IPv4 address is written like 203.0.113.7") from None
