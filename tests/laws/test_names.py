"""The name server against anything: what comes is met with silence or with an answer to it, never with a failure."""

import asyncio

import dns.flags
import dns.message
from dns.rcode import Rcode
from hypothesis import given
from hypothesis import strategies as st

from app.domain.dns import NameAnswer, NameQuestion, Verdict
from app.network.name_packets import LEAST_DATAGRAM, MOST_DATAGRAM
from app.network.name_server import NameServer

LABELS = st.text(alphabet=st.sampled_from("abcXYZ019-_"), min_size=1, max_size=20)
NAMES = st.lists(LABELS, min_size=1, max_size=6).map(lambda labels: ".".join(labels) + ".")
TYPES = st.sampled_from(["A", "AAAA", "PTR", "SOA", "NS", "TXT", "MX", "ANY", "HTTPS", "TYPE65400"])
ANSWERS = st.builds(
    NameAnswer,
    verdict=st.sampled_from(Verdict),
    zone=st.sampled_from(["eucalyptus.internal", "abc", "walrus.localhost"]),
    address=st.sampled_from(["", "10.0.0.5"]),
    pointer=st.sampled_from(["", "euca-10-0-0-5.eucalyptus.internal"]),
    served=st.booleans(),
)


def answered(packet: bytes, told: NameAnswer, *, stream: bool = False) -> dns.message.Message | None:
    """Ask a server whose desk says `told` of every name, and that has nobody to forward to."""

    def desk(asked: NameQuestion) -> NameAnswer:
        assert asked.name == asked.name.lower()
        return told

    raw = asyncio.run(NameServer(desk, ()).answer(packet, "10.0.0.9", stream=stream))
    return None if raw is None else dns.message.from_wire(raw)


@given(st.binary(max_size=600), ANSWERS, st.booleans())
def test_any_bytes_are_met_with_silence_or_an_answer(noise: bytes, told: NameAnswer, stream: bool) -> None:
    answer = answered(noise, told, stream=stream)
    assert answer is None or answer.id == int.from_bytes(noise[:2])


@given(NAMES, TYPES, st.data(), ANSWERS)
def test_a_damaged_question_is_met_likewise(name: str, kind: str, data: st.DataObject, told: NameAnswer) -> None:
    whole = bytearray(dns.message.make_query(name, kind, use_edns=data.draw(st.sampled_from([False, 0, 1]))).to_wire())
    for at in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=4)):
        whole[at] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    answer = answered(cut, told)
    assert answer is None or answer.id == int.from_bytes(cut[:2])


@given(NAMES, TYPES, ANSWERS, st.sampled_from([None, 0, 512, 1400, 65535]))
def test_an_answer_belongs_to_its_question_and_fits(
    name: str, kind: str, told: NameAnswer, payload: int | None
) -> None:
    query = dns.message.make_query(name, kind, use_edns=False if payload is None else 0, payload=payload or 0)
    answer = answered(query.to_wire(), told)
    assert answer is not None
    assert query.is_response(answer)
    assert answer.question[0].name.to_text() == name
    assert len(answer.to_wire()) <= max(LEAST_DATAGRAM, min(payload or 0, MOST_DATAGRAM))
    if told.verdict is Verdict.FOREIGN:
        assert answer.rcode() == Rcode.SERVFAIL
    elif told.verdict is Verdict.REFUSED:
        assert (answer.rcode(), answer.answer, answer.authority) == (Rcode.REFUSED, [], [])
    else:
        assert answer.rcode() == (Rcode.NXDOMAIN if told.verdict is Verdict.UNKNOWN else Rcode.NOERROR)
        assert answer.flags & dns.flags.AA
        assert bool(answer.flags & dns.flags.RA) is told.served
        assert len(answer.answer) + len(answer.authority) == 1


@given(st.binary(max_size=600), ANSWERS)
def test_an_answer_is_no_question(noise: bytes, told: NameAnswer) -> None:
    reply = dns.message.make_response(dns.message.make_query("a.b.", "A"))
    assert answered(reply.to_wire() + noise, told) is None
