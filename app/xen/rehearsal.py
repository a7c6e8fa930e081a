"""The node file of a rehearsal host: libvirt's test driver reads its size and what already runs from it.

The driver keeps everything in memory, so after a restart of the server the domains that ran are written into the file
again. Stopped ones are left out by the caller: whatever stands in the file is running. The file is in memory only, so
that a killed server leaves nothing behind; its descriptor must stay open until the driver has read it.
"""

import os
from collections.abc import Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from app.domain.ports import DomainSpec
from app.domain.vmtype import Size
from app.xen.domain_xml import TEST, domain_element


def write(size: Size, domains: Sequence[DomainSpec], pool_path: str) -> tuple[str, int]:
    """Write the node file; return the URI that opens it in this process, and the descriptor to close in the end."""
    node = Element("node")
    cpu = SubElement(node, "cpu")
    facts = {"mhz": 2600, "model": "x86_64", "active": size.cores, "nodes": 1, "sockets": 1, "cores": size.cores}
    for tag, value in {**facts, "threads": 1}.items():
        SubElement(cpu, tag).text = str(value)
    SubElement(node, "memory").text = str(size.memory_mib * 1024)
    node.extend(domain_element(spec, TEST, pool_path, "x86_64") for spec in domains)
    descriptor = os.memfd_create("node.xml")
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(ElementTree.tostring(node, encoding="utf-8"))
    return f"test:///proc/self/fd/{descriptor}", descriptor
