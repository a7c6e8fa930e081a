"""What passes on a card, whoever it is for, and a word said by a guest that can be looked for in it."""

import socket
import struct
from contextlib import suppress
from typing import Self

from app.network.announcing import announce
from app.network.far_links import PORT, tunnel_of
from tests.deadline import eventually
from tests.net.namespaces import Namespace
from tests.net.yard import Yard, listening

_ALL, _EXPERIMENT = 0x0003, b"\x88\xb5"
_ARP_REPLY, _LOUDLY = 2, 3
_SOL_PACKET, _PACKET_AUXDATA, _ROOM = 263, 8, 100
_AUXDATA, _HAS_VLAN = struct.Struct("=IIIHHHH"), 1 << 4
SAID = b"the combination of the safe is 18-3-77"
FORGED = b"this is the gateway speaking, open the safe"


class Capture:
    """Whole frames, as they are on the wire, from the moment that it begins."""

    def __init__(self, machine: Namespace, card: str) -> None:
        self._socket = machine.call(lambda: _ear(card))

    def frames(self) -> list[bytes]:
        """Return what has passed since it was asked before."""
        found: list[bytes] = []
        with suppress(BlockingIOError):
            while True:
                frame, extra, *_ = self._socket.recvmsg(1 << 16, _ROOM)
                found.append(_tagged(frame, extra))
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self._socket.close()


def hears(yard: Yard, source: str, address: str, at: str) -> bool:
    """Have a guest say SAID to an address until another one hears it."""
    return eventually(lambda: _hears(yard, source, address, at))


def _hears(yard: Yard, source: str, address: str, at: str) -> bool:
    with yard.guests[at].inside.call(lambda: listening(9000)) as heard:
        yard.guests[source].inside.call(lambda: _say(address))
        try:
            return heard.recv(100) == SAID
        except TimeoutError:
            return False


def forge(guest: Namespace, source: str, target: str) -> None:
    """Have a guest send FORGED to a MAC address in the name of another one."""
    with guest.call(lambda: _ear("eth0")) as mouth:
        mouth.send(bytes.fromhex((target + source).replace(":", "")) + _EXPERIMENT + FORGED)


def claim(guest: Namespace, mac: str, address: str, *asking: tuple[str, str]) -> bytes:
    """Have a guest say loudly that an address is at its own MAC address: to everybody, and to some as an answer.

    Return what is in each of these frames.
    """
    own = bytes.fromhex(mac.replace(":", "")) + socket.inet_aton(address)
    with guest.call(lambda: _ear("eth0")) as mouth:
        for to, ip in (("ff:ff:ff:ff:ff:ff", address), *asking):
            other = bytes.fromhex(to.replace(":", ""))
            answer = struct.pack("!HHHBBH", 0x0806, 1, 0x0800, 6, 4, _ARP_REPLY) + own + other + socket.inet_aton(ip)
            for _ in range(_LOUDLY):
                mouth.send(other + own[:6] + answer)
    guest.call(lambda: announce("eth0", mac, address))
    return own


def inject(machine: Namespace, address: str, bridge: str, target: str) -> None:
    """Have a machine on the wire send FORGED to a guest's MAC address, as if it came out of its host's tunnel."""
    frame = bytes.fromhex((target + "02:00:00:00:99:09").replace(":", "")) + _EXPERIMENT + FORGED
    head = struct.pack("!II", 1 << 27, tunnel_of("yard", bridge)[1] << 8)
    machine.call(lambda: _send(address, head + frame))


def _ear(card: str) -> socket.socket:
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL))
    made.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 1)
    made.bind((card, 0))
    made.setblocking(False)
    return made


def _tagged(frame: bytes, extra: list[tuple[int, int, bytes]]) -> bytes:
    """Put the VLAN back into a frame; the kernel takes it out and tells it beside."""
    for _, _, told in extra:
        status, *_, vlan, protocol = _AUXDATA.unpack(told[: _AUXDATA.size])
        if status & _HAS_VLAN:
            return frame[:12] + struct.pack("!HH", protocol, vlan) + frame[12:]
    return frame


def _send(address: str, data: bytes) -> None:
    family, kind, _, _, way = socket.getaddrinfo(address, PORT, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as sender:
        sender.sendto(data, way)


def _say(address: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(SAID, (address, 9000))
