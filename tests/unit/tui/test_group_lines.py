"""Rules of security groups as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.group_rules import AddGroupRule, LineError, read, under
from app.domain.group import GroupRule
from app.services.holding_views import said

PEERS = st.sampled_from(["10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32", "sg-0a11beef"])
PORTS = st.tuples(st.integers(0, 65535), st.integers(0, 65535)).map(sorted)
TYPES = st.sampled_from([(-1, -1), (8, -1), (8, 0), (0, 0)])
WITH_PORTS = st.tuples(st.sampled_from(["tcp", "udp"]), PORTS)
WITH_TYPES = st.tuples(st.sampled_from(["icmp", "icmpv6"]), TYPES)
PLAIN = st.tuples(st.sampled_from(["-1", "50"]), st.just((-1, -1)))


@given(st.booleans(), WITH_PORTS | WITH_TYPES | PLAIN, PEERS)
def test_a_rule_as_the_cloud_says_it_is_read_as_that_rule(
    egress: bool, what: tuple[str, tuple[int, int]], peer: str
) -> None:
    protocol, (first, last) = what
    rule = GroupRule(
        id="sgr-1",
        group_id="sg-1",
        account_id="1",
        egress=egress,
        protocol=protocol,
        from_port=first,
        to_port=last,
        peer=peer,
    )
    line = read(said(rule)).rule
    assert (line.egress, line.protocol, line.peer) == (egress, protocol, peer)
    assert (line.from_port, line.to_port) in [(first, last), (None, None)]
    assert line.from_port is not None or protocol in ("-1", "50")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("tcp 22 10.0.0.0/8", AddGroupRule(protocol="tcp", from_port=22, to_port=22, peer="10.0.0.0/8")),
        ("IN TCP 80-443 FROM web", AddGroupRule(protocol="TCP", from_port=80, to_port=443, peer="web")),
        (
            "out udp all to ::/0 # names, # and time",
            AddGroupRule(
                egress=True, protocol="udp", from_port=0, to_port=65535, peer="::/0", description="names, # and time"
            ),
        ),
        ("icmp 0.0.0.0/0", AddGroupRule(protocol="icmp", from_port=-1, to_port=-1, peer="0.0.0.0/0")),
        ("all sg-1", AddGroupRule(protocol="-1", peer="sg-1")),
    ],
)
def test_a_line_may_leave_out_what_goes_without_saying(text: str, rule: AddGroupRule) -> None:
    assert read(text).rule == rule


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("", 0, "a protocol"),
        ("in", 2, "a protocol"),
        ("tcp", 3, "needs a port"),
        ("tcp 10.0.0.0/8", 4, "needs a port"),
        ("tcp 22- 10.0.0.0/8", 4, "a range such as 8000-8080"),
        ("tcp 22", 6, "a range such as 10.0.0.0/8"),
        ("in tcp 22 to 10.0.0.0/8", 10, "written with from"),
        ("out tcp 22 from 10.0.0.0/8", 11, "written with to"),
        ("tcp 22 10.0.0.0/8 10.1.0.0/16", 18, "nothing can stand here"),
    ],
)
def test_a_line_that_is_none_says_where_and_what_could_stand_there(text: str, column: int, words: str) -> None:
    with pytest.raises(LineError) as caught:
        read(text)
    assert (caught.value.column, words in caught.value.why) == (column, True), caught.value.why


def test_a_refusal_of_the_cloud_finds_its_word() -> None:
    line = read("in tcp 22 from nobody # ssh")
    assert line.place(["peer"]) == 15
    assert line.place(["ids", "from_port"]) == 7
    assert line.place(["ids"]) is None
    assert under("in tpc 22", 3) == "in tpc 22\n   ^"
