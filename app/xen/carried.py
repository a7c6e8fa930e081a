"""What a guest that moves takes along: its disks, and its definition with the new host's paths and bridge.

The trap: a definition of a running domain names the file below each overlay, as the old host has it; the new host is to
find that out by itself.
"""

from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from app.xen.metadata import NAMESPACE, PREFIX, parsed


def over(xml: str, old_pool: str, new_pool: str, bridge: str) -> str:
    """Rewrite a definition for a host whose pool and bridge are others; no bridge: they are called alike."""
    ElementTree.register_namespace(PREFIX, NAMESPACE)
    top = parsed(xml)
    for part in top.findall("os") + top.findall("devices"):
        for element in part.iter():
            _rehome(element, f"{old_pool}/", f"{new_pool}/")
    for disk in top.iterfind("devices/disk"):
        for below in disk.findall("backingStore"):
            disk.remove(below)
    for source in top.iterfind("devices/interface[@type='bridge']/source") if bridge else ():
        source.set("bridge", bridge)
    return ElementTree.tostring(top, encoding="unicode")


def disks(xml: str, pool: str) -> list[str]:
    """Name the disks to copy, as the domain names them: those of its own that it writes to."""
    found = []
    for disk in parsed(xml).iterfind("devices/disk[@type='file']"):
        source, target = disk.find("source"), disk.find("target")
        ours = source is not None and (source.get("file") or "").startswith(f"{pool}/")
        if ours and target is not None and disk.find("readonly") is None:
            found.append(target.get("dev") or "")
    return found


def _rehome(element: Element, old: str, new: str) -> None:
    if element.text and element.text.startswith(old):
        element.text = new + element.text.removeprefix(old)
    for name, value in element.attrib.items():
        if value.startswith(old):
            element.set(name, new + value.removeprefix(old))
