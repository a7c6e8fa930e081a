"""Gratuitous ARP: who lives beside the gateway learns at once that an address is here now.

Without it they send to where the address was until their own memory of it ends, which takes minutes.
"""

import socket
import struct
from ipaddress import IPv4Address

_ARP, _ETHERNET, _IPV4, _REQUEST = 0x0806, 1, 0x0800, 1
_ALL, _NOBODY = b"\xff" * 6, bytes(6)


def announce(card: str, mac: str, address: str) -> None:
    """Tell everybody on a card's wire that an address is behind this MAC address; a card that is down tells nobody."""
    own, ip = bytes.fromhex(mac.replace(":", "")), IPv4Address(address).packed
    question = struct.pack("!HHBBH", _ETHERNET, _IPV4, len(own), len(ip), _REQUEST) + own + ip + _NOBODY + ip
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind((card, 0))
        try:
            wire.send(_ALL + own + struct.pack("!H", _ARP) + question)
        except OSError:
            return
