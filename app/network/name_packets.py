"""Packets of DNS, by dnspython's codec: a question read, an answer formed and made to fit.

Anybody sends whatever he likes, so reading never raises. The trap: what fits into a datagram is said by whoever asks,
who may ask for more than a path carries or have his answers sent to somebody else; so there is a bound of ours.
"""

import dns.exception
import dns.flags
import dns.message
import dns.rrset
from dns.message import Message
from dns.opcode import Opcode
from dns.rcode import Rcode
from dns.rdataclass import RdataClass
from dns.rdatatype import RdataType

from app.domain.dns import NameAnswer, Verdict

MOST_DATAGRAM, LEAST_DATAGRAM, MOST_STREAM = 1232, 512, 65535
_TTL_S = 0  # an address may be another's at any moment
_TRANSFERS = frozenset({RdataType.AXFR, RdataType.IXFR})


def read(packet: bytes) -> Message | None:
    """Read a question; None: it is nothing that anybody would answer."""
    if len(packet) > MOST_DATAGRAM:
        return None
    try:
        message = dns.message.from_wire(packet)
    except dns.exception.DNSException:
        return None
    return None if message.flags & dns.flags.QR else message


def misplaced(query: Message) -> Rcode | None:
    """Tell with what to refuse a question that no name server could answer; None: it is in order."""
    if query.opcode() != Opcode.QUERY:
        return Rcode.NOTIMP
    if len(query.question) != 1:
        return Rcode.FORMERR
    if query.edns > 0:
        return Rcode.BADVERS
    asked = query.question[0]
    return Rcode.REFUSED if asked.rdclass != RdataClass.IN or asked.rdtype in _TRANSFERS else None


def name_of(query: Message) -> str:
    """Return the name that is asked for, in lower case and without its last dot."""
    return query.question[0].name.to_text(omit_final_dot=True).lower()


def failure(query: Message, code: Rcode, *, served: bool = False) -> Message:
    """Form an answer that says only why there is none; `served` as in `NameAnswer`."""
    response = dns.message.make_response(query, recursion_available=served, our_payload=MOST_DATAGRAM)
    response.set_rcode(code)
    return response


def answer(query: Message, told: NameAnswer) -> Message:
    """Form the answer about a name of ours; of a name that has nothing of the kind asked for it tells the zone."""
    if told.verdict is Verdict.REFUSED:
        return failure(query, Rcode.REFUSED)
    response = dns.message.make_response(query, recursion_available=told.served, our_payload=MOST_DATAGRAM)
    response.flags |= dns.flags.AA
    asked = query.question[0]
    record = _records(told, name_of(query)).get(asked.rdtype, "")
    if record:
        response.answer.append(dns.rrset.from_text(asked.name, _TTL_S, "IN", asked.rdtype, record))
    else:
        response.authority.append(dns.rrset.from_text(f"{told.zone}.", _TTL_S, "IN", RdataType.SOA, _soa(told.zone)))
    if told.verdict is Verdict.UNKNOWN:
        response.set_rcode(Rcode.NXDOMAIN)
    return response


def packed(message: Message, query: Message, *, stream: bool) -> bytes:
    """Write an answer; one that is too long for a datagram is cut and says so, for the question to come by TCP."""
    asked_for = max(LEAST_DATAGRAM, query.payload if query.edns >= 0 else 0)
    most = MOST_STREAM if stream else min(asked_for, MOST_DATAGRAM)
    return message.to_wire(max_size=most, prefer_truncation=True)


def _records(told: NameAnswer, name: str) -> dict[RdataType, str]:
    found = {RdataType.A: told.address, RdataType.PTR: told.pointer and f"{told.pointer}."}
    return found | ({RdataType.SOA: _soa(told.zone), RdataType.NS: f"ns.{told.zone}."} if name == told.zone else {})


def _soa(zone: str) -> str:
    return f"ns.{zone}. hostmaster.{zone}. 1 3600 600 86400 {_TTL_S}"
