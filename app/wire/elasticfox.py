"""ElasticFox, a browser's extension of 2008, takes only `ami-`, `aki-` and `ari-` for ids of images.

It is known by its user agent, as in 1.6.1. What it sends back is understood anyway (`domain/ids.py`).
"""

import re

from app.wire.signed import SignedRequest

# Ids stand alone in their elements, so that a tag or a name that looks like one stays what it is.
_ID = re.compile(rb"(<(?:imageId|kernelId|ramdiskId|resourceId)>)e([mkr]i-[0-9a-f]+<)")


def sent(request: SignedRequest) -> bool:
    """Tell whether ElasticFox asks."""
    return any("elasticfox" in agent.lower() for agent in request.values_of("user-agent"))


def respelled(document: bytes) -> bytes:
    """Write the ids of images in an answer as Amazon does."""
    return _ID.sub(rb"\1a\2", document)
