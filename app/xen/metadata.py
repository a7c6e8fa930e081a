"""What a domain carries of ours: id, launch and recovery facts, in `<metadata>` under our own namespace.

Recovery facts are one JSON text in pure ASCII: names and values may hold any characters, even those that XML forbids.
The trap: a name alone proves nothing. A domain is ours if its UUID is the one derived from its name *and* it
carries this element.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

NAMESPACE = "urn:eucalyptus:instance:1"
PREFIX = "eucalyptus"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Our element of a domain."""

    instance_id: str
    launch: int
    recovery: Mapping[str, str]


def uuid_of(instance_id: str) -> str:
    """Derive the domain's UUID, so that one instance can not be defined twice on a host.

    It begins with `ec2`: that is how cloud-init knows in a guest that there is metadata to ask for.
    """
    return "ec2" + str(uuid.uuid5(uuid.NAMESPACE_URL, f"{NAMESPACE}/{instance_id}"))[3:]


def element(mark: Mark) -> ElementTree.Element:
    """Build our element."""
    top = ElementTree.Element(f"{{{NAMESPACE}}}instance", {"id": mark.instance_id, "launch": str(mark.launch)})
    recovery = ElementTree.SubElement(top, f"{{{NAMESPACE}}}recovery")
    recovery.text = json.dumps(dict(mark.recovery), ensure_ascii=True, sort_keys=True)
    return top


def parsed(text: str) -> ElementTree.Element:
    """Parse what a host says; ParseError if it has a document type, which alone could bring entities."""
    if "<!DOCTYPE" in text:
        raise ElementTree.ParseError("a document type is refused")
    return ElementTree.fromstring(text)  # noqa: S314 - refused above


def read(text: str) -> Mark | None:
    """Read our element back from what libvirt keeps; None if it is not in our form."""
    try:
        top = parsed(text)
        recovery = json.loads(next((child.text or "{}" for child in top if child.tag.endswith("recovery")), "{}"))
        return Mark(
            instance_id=top.attrib["id"],
            launch=int(top.attrib["launch"]),
            recovery={str(name): str(value) for name, value in recovery.items()},
        )
    except (ElementTree.ParseError, KeyError, ValueError, AttributeError):
        return None
