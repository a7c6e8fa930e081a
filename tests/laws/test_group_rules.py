"""Laws of security groups' rules: revoking undoes authorizing, and what is shown is what is kept."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.commands import AskedRule
from app.domain.group import GroupRule, SecurityGroup, ipv4_range, ipv6_range, permission, protocol_of
from app.domain.ports import Unit
from app.server.ec2.permissions import IpPermission, asked_rules, ip_permissions
from app.services import group_rules, groups
from app.store.database import Database
from app.wire.names import snake
from tests.builders import CountingEntropy, FrozenClock, a_caller, furnish

SLOW = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ANA = a_caller()
PEERS = ("sg-00000001", "sg-00000002")
port = st.one_of(st.sampled_from([0, 22, 80, 65535]), st.integers(0, 65535))  # often the same as another's
ports = st.tuples(port, port).map(sorted)
types = st.one_of(st.just([-1, -1]), st.tuples(st.integers(0, 255), st.integers(-1, 255)).map(list))
traffic = st.one_of(
    st.tuples(st.sampled_from(["tcp", "6", "UDP", "17"]), ports),
    st.tuples(st.sampled_from(["icmp", "1", "icmpv6", "58"]), types),
    st.tuples(st.sampled_from(["-1", "50", "0", "255"]), st.just([None, None])),
)
ipv4 = st.builds("{}/{}".format, st.ip_addresses(v=4), st.integers(0, 32))
ipv6 = st.builds("{}/{}".format, st.ip_addresses(v=6), st.integers(0, 128))
peers = st.one_of(
    st.builds(lambda given: {"cidr": given}, ipv4),
    st.builds(lambda given: {"cidr_ipv6": given}, ipv6),
    st.builds(lambda given: {"group_id": given}, st.sampled_from(PEERS)),
)
texts = st.text("aZ09 ._-:/()#,@[]+=&;{}!$*", max_size=12)
asked = st.builds(
    lambda kind, peer, text: AskedRule(
        protocol=kind[0], from_port=kind[1][0], to_port=kind[1][1], description=text, **peer
    ),
    traffic,
    peers,
    texts,
)


def said(rule: AskedRule) -> object:
    peer = ipv4_range(rule.cidr) if rule.cidr else ipv6_range(rule.cidr_ipv6) if rule.cidr_ipv6 else rule.group_id
    return permission(rule.protocol, rule.from_port, rule.to_port, peer)


BEGUN = {permission("-1", None, None, "0.0.0.0/0")}
many = st.lists(asked.filter(lambda rule: said(rule) not in BEGUN), min_size=1, max_size=12, unique_by=said)
in_two_orders = many.flatmap(lambda wished: st.tuples(st.just(wished), st.permutations(wished)))


def with_group(test: Callable[[Unit, SecurityGroup, CountingEntropy], None]) -> None:
    entropy = CountingEntropy()

    def found(unit: Unit) -> None:
        furnish(unit)
        for group_id in PEERS:
            row = {"id": group_id, "account_id": ANA.account_id, "name": group_id, "description": "x"}
            unit.groups.add(SecurityGroup(**row, created_at_ms=0))
        test(unit, groups.ensure_default(unit, ANA.account_id, entropy), entropy)

    async def run(directory: str) -> None:
        async with Database.open(Path(directory) / "cloud.sqlite3", clock=FrozenClock()) as database:
            await database.write(found)

    with TemporaryDirectory() as directory:
        asyncio.run(run(directory))


@SLOW
@given(in_two_orders, st.booleans())
def test_revoking_what_was_authorized_leaves_what_was_there(
    orders: tuple[list[AskedRule], list[AskedRule]], egress: bool
) -> None:
    def test(unit: Unit, group: SecurityGroup, entropy: CountingEntropy) -> None:
        before = unit.group_rules.where()
        group_rules.authorize(unit, ANA, group, egress, orders[0], entropy)
        now = unit.group_rules.where(group_id=group.id, egress=egress)
        assert {rule.permission for rule in now} > set(map(said, orders[0]))
        group_rules.revoke(unit, ANA, group, egress, orders[1])
        assert unit.group_rules.where() == before

    with_group(test)


@given(many)
def test_permissions_as_they_are_shown_are_read_back_as_the_rules(wished: list[AskedRule]) -> None:
    rules = [a_rule(number, rule) for number, rule in enumerate(wished)]
    shown = ip_permissions(rules, {"sg-00000001": "web"})
    assert len({(one["IpProtocol"], one["FromPort"], one["ToPort"]) for one in shown}) == len(shown)
    back = asked_rules(msgspec.convert(in_our_names(one), IpPermission) for one in shown)
    assert {(said(rule), rule.description) for rule in back} == {(rule.permission, rule.description) for rule in rules}
    assert len(back) == len(rules)


def a_rule(number: int, rule: AskedRule) -> GroupRule:
    of_it = said(rule)
    facts = {name: getattr(of_it, name) for name in ("protocol", "from_port", "to_port", "peer")}
    return GroupRule(
        id=f"sgr-{number:08x}", group_id="sg-1", account_id="1", egress=False, description=rule.description, **facts
    )


def in_our_names(shown: object) -> object:
    """Spell an answer as a request; what is not said is left out."""
    if isinstance(shown, dict):
        return {snake(name): in_our_names(value) for name, value in shown.items() if value is not None}
    return [in_our_names(one) for one in shown] if isinstance(shown, list) else shown


@given(ipv4, ipv6, traffic)
def test_what_is_in_its_one_form_stays_in_it(range4: str, range6: str, kind: tuple[str, list[int | None]]) -> None:
    assert ipv4_range(ipv4_range(range4)) == ipv4_range(range4)
    assert ipv6_range(ipv6_range(range6)) == ipv6_range(range6)
    assert protocol_of(protocol_of(kind[0])) == protocol_of(kind[0])
    once = permission(kind[0], kind[1][0], kind[1][1], ipv4_range(range4))
    assert permission(once.protocol, once.from_port, once.to_port, once.peer) == once
    assert (bool(once.ipv4_range), bool(once.ipv6_range), bool(once.group_id)) == (True, False, False)
