"""Clients that read answers in a way of their own; they are known by their user agents alone.

ElasticFox, a browser's extension of 2008, takes only `ami-`, `aki-` and `ari-` for ids of images (what it sends back is
understood anyway, see `domain/ids.py`). libcloud's driver for Eucalyptus looks for instance types where Eucalyptus 3
told them: in a namespace of its own, beside what is Amazon's.
"""

import re
from xml.etree import ElementTree as ET

from app.wire import markup
from app.wire.signed import SignedRequest

# Ids stand alone in their elements, so that a tag or a name that looks like one stays what it is.
_ID = re.compile(rb"(<(?:imageId|kernelId|ramdiskId|resourceId)>)e([mkr]i-[0-9a-f]+<)")
_TYPES, _TYPES_END = b"<DescribeInstanceTypesResponse ", b"</DescribeInstanceTypesResponse>"
_EUCALYPTUS = "http://msgs.eucalyptus.com/3.3.0"
# Eucalyptus 3's elements, by where Amazon tells the same.
_DETAILS = {
    "name": "instanceType",
    "cpu": "vCpuInfo/defaultVCpus",
    "disk": "instanceStorageInfo/totalSizeInGB",
    "memory": "memoryInfo/sizeInMiB",
}


def written_for(request: SignedRequest, document: bytes) -> bytes:
    """Return an answer as its client reads it."""
    agent = " ".join(request.values_of("user-agent")).lower()
    if "elasticfox" in agent:
        return _ID.sub(rb"\1a\2", document)
    if agent.startswith("libcloud/") and "(eucalyptus)" in agent and _TYPES in document:
        return document.replace(_TYPES_END, _details(document).encode() + _TYPES_END)
    return document


def _details(document: bytes) -> str:
    root = ET.fromstring(document)  # noqa: S314 - it is our own document
    items = "".join(f"<item>{_item(one)}</item>" for one in root.iterfind("{*}instanceTypeSet/{*}item"))
    return f'<instanceTypeDetails xmlns="{_EUCALYPTUS}">{items}</instanceTypeDetails>'


def _item(told: ET.Element) -> str:
    found = {tag: told.findtext("/".join(f"{{*}}{word}" for word in path.split("/"))) for tag, path in _DETAILS.items()}
    return "".join(f"<{tag}>{markup.text(value or 0)}</{tag}>" for tag, value in found.items())
