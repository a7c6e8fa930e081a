"""What the contract suite runs on under Xen: its domains have no kernel, so what a host boots then is all that runs."""

from dataclasses import dataclass

import libvirt

from app.xen.address import parse
from app.xen.domain_xml import PV_BOOT_LOADER
from app.xen.hosts import Hosts
from tests.contract.arenas import HOST, Arena, LibvirtArena
from tests.xen.xen_host import XenHost

FOREIGN_XML = """<domain type='xen'><name>{name}</name><memory unit='MiB'>{memory_mib}</memory><vcpu>{cores}</vcpu>
<os><type arch='x86_64' machine='xenpv'>linux</type><kernel>{kernel}</kernel></os></domain>"""


@dataclass(kw_only=True)
class XenArena(LibvirtArena):
    """`back_door` is opened by the tests that need it only: each connection costs an emulated host a while."""

    def join(self) -> None:
        self.hosts.join(HOST, self.uri, self.ears, [])

    def add_foreign(self, name: str, cores: int, memory_mib: int) -> None:
        if self.back_door is None:
            self.back_door = libvirt.open(parse(self.uri).uri)
        text = FOREIGN_XML.format(name=name, memory_mib=memory_mib, cores=cores, kernel=PV_BOOT_LOADER)
        self.back_door.defineXML(text).create()
        self.made.append(name)

    def leave_behind(self) -> None:
        if self.back_door is not None:
            super().leave_behind()


def xen_arena(host: XenHost) -> Arena:
    return XenArena(uri=host.near_uri, uploads=True, hosts=Hosts(), kind="xen", moves=False)
