"""An operator's changes to a domain's definition, laid over what the cloud wrote, element by element.

Attributes and texts of an overlay replace those that are there, elements that are not there are added. One `<disk>` or
`<interface>` of an overlay is laid over each of the domain's. The trap: what the cloud itself relies on, such as names,
sizes, disks' files and cards' addresses, must stay as it is, so an overlay that touches it is refused when it is read.
"""

from collections.abc import Iterator
from copy import deepcopy
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from app.domain.errors import Invalid
from app.xen.metadata import parsed

EACH = frozenset({"devices/disk", "devices/interface"})
"""Laid over each that the cloud wrote; none is added."""

KEPT = frozenset(
    {
        *("name", "uuid", "metadata", "memory", "currentMemory", "vcpu", "sysinfo"),
        *("on_poweroff", "on_reboot", "on_crash", "devices/serial", "devices/console"),
        *("os/type", "os/kernel", "os/initrd", "os/cmdline", "os/smbios"),
        *("devices/disk/source", "devices/disk/target", "devices/disk/serial", "devices/disk/readonly"),
        *("devices/disk/backingStore", "devices/disk/mirror"),
        *("devices/interface/mac", "devices/interface/source", "devices/interface/target"),
        *("devices/interface/script", "devices/interface/virtualport", "devices/interface/vlan"),
    }
)
"""What only the cloud writes."""

ONCE = frozenset({"devices/emulator", "devices/memballoon", "devices/rng"})
"""The devices that a domain has one of; of all others an overlay adds more."""

MANY = frozenset(
    {
        *("cpu/feature", "cputune/vcpupin", "cputune/iothreadpin", "numatune/memnode", "blkiotune/device"),
        *("clock/timer", "os/boot", "cpu/numa/cell", "memoryBacking/hugepages/page", "seclabel"),
    }
)
"""Elements outside `<devices>` that may stand more than once."""


def read(text: str) -> Element:
    """Parse an overlay; Invalid names what is no overlay, or the element that only the cloud writes."""
    try:
        top = parsed(text)
    except ElementTree.ParseError as error:
        raise Invalid("overlay", _short(text), f"It is no XML: {error}.") from None
    if top.tag != "domain":
        raise Invalid("overlay", f"<{top.tag}>", "It begins with <domain>, as a definition does.")
    if top.attrib:
        raise Invalid("overlay", f"<domain {next(iter(top.attrib))}>", "The type of a domain is the host's.")
    for path, element in _below(top, ""):
        _check(path, element)
    return top


def lay_over(top: Element, text: str) -> None:
    """Change a definition in place as a checked overlay says."""
    _merge(top, read(text), "")


def _check(path: str, element: Element) -> None:
    if "{" in element.tag:
        raise Invalid("overlay", path, "Elements of other namespaces are not laid over.")
    if path in KEPT:
        raise Invalid("overlay", path, "The cloud writes this itself.")
    if path in EACH and (element.attrib or (element.text or "").strip()):
        raise Invalid(
            "overlay", path, "Its kind is the cloud's; change elements inside it, such as <driver> or <model>."
        )


def _below(top: Element, path: str) -> Iterator[tuple[str, Element]]:
    for child in top:
        inner = f"{path}/{child.tag}".lstrip("/")
        yield inner, child
        yield from _below(child, inner)


def _merge(mine: Element, theirs: Element, path: str) -> None:
    mine.attrib.update(theirs.attrib)
    if (theirs.text or "").strip():
        mine.text = theirs.text
    for child in theirs:
        inner = f"{path}/{child.tag}".lstrip("/")
        found = [] if _added(path, inner) else mine.findall(child.tag)
        for each in found:
            _merge(each, child, inner)
        if not found and inner not in EACH:
            mine.append(deepcopy(child))


def _added(path: str, inner: str) -> bool:
    """Tell whether an element stands beside those that are there."""
    return inner in MANY or (path == "devices" and inner not in EACH | ONCE)


def _short(text: str) -> str:
    return " ".join(text.split())[:40]
