"""What a gateway is told: a change makes of what was wanted exactly what is, and says nothing of what stays."""

from dataclasses import replace

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from app.domain.firewall import Firewall, Passage
from app.domain.gateway import GuestFacts, Wanted
from app.domain.gateway_change import NOTHING, Change, change, changed
from app.domain.group import Permission

PERMISSIONS = st.builds(
    Permission, protocol=st.just("tcp"), from_port=st.integers(1, 3), to_port=st.just(9), peer=st.just("0.0.0.0/0")
)
PASSAGES = st.builds(Passage, egress=st.booleans(), permission=PERMISSIONS)
RULES = st.dictionaries(st.sampled_from(("sg-1", "sg-2", "sg-3")), st.lists(PASSAGES, max_size=2).map(tuple))
GUESTS = st.dictionaries(st.sampled_from(("i-1", "i-2", "i-3")), st.builds(GuestFacts, hops=st.integers(1, 2)))
WANTED = st.builds(Wanted, guests=GUESTS, firewall=st.builds(Firewall, rules=RULES, hidden=st.booleans()))


@given(WANTED, WANTED)
def test_a_change_that_went_over_the_wire_makes_one_of_the_other_and_from_nothing_it_is_the_whole(
    before: Wanted, after: Wanted
) -> None:
    for since in (before, NOTHING):
        new = msgspec.msgpack.decode(msgspec.msgpack.encode(change(since, after)), type=Change)
        assert changed(since, new) == after


@given(WANTED)
def test_the_same_again_is_no_change(wanted: Wanted) -> None:
    assert change(wanted, replace(wanted)) == Change()


@given(WANTED, WANTED)
def test_what_stays_is_neither_told_nor_another_object_afterwards(before: Wanted, after: Wanted) -> None:
    new = change(before, after)
    made = changed(before, new)
    for group in before.firewall.rules.keys() & after.firewall.rules.keys():
        if before.firewall.rules[group] == after.firewall.rules[group]:
            assert group not in new.rules
            assert made.firewall.rules[group] is before.firewall.rules[group]
    assert all(before.guests.get(one) != after.guests[one] for one in new.guests)
