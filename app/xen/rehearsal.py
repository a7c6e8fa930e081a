"""The node file of a rehearsal host: libvirt's test driver reads its size and what already runs from it.

The driver keeps everything in memory, so after a restart of the server the domains that ran are written into the file
again. Stopped ones are left out by the caller: whatever stands in the file is running.
"""

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from app.domain.ports import DomainSpec
from app.domain.vmtype import Size
from app.xen.domain_xml import TEST, domain_element


def write(path: Path, size: Size, domains: Sequence[DomainSpec], pool_path: str) -> str:
    """Write the node file; return the URI that opens it."""
    node = Element("node")
    cpu = SubElement(node, "cpu")
    facts = {"mhz": 2600, "model": "x86_64", "active": size.cores, "nodes": 1, "sockets": 1, "cores": size.cores}
    for tag, value in {**facts, "threads": 1}.items():
        SubElement(cpu, tag).text = str(value)
    SubElement(node, "memory").text = str(size.memory_mib * 1024)
    node.extend(domain_element(spec, TEST, pool_path, "x86_64") for spec in domains)
    path.write_bytes(ElementTree.tostring(node, encoding="utf-8"))
    return f"test://{path}"
