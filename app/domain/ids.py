"""Ids as today's clients check them: a prefix, a dash and 8 or 17 lower-case hex digits.

Randomness comes in as bytes, so that this module stays pure. `ami-`, `aki-` and `ari-` name the same
images as `emi-`, `eki-` and `eri-`; upper-case digits of 1.6.1 are folded.
"""

import re

from app.domain.errors import Malformed

ENTROPY_BYTES = 9
PREFIXES = {
    "instance": "i",
    "reservation": "r",
    "machine image": "emi",
    "kernel image": "eki",
    "ramdisk image": "eri",
    "key pair": "key",
    "placement group": "pg",
    "launch template": "lt",
    "security group": "sg",
    "security group rule": "sgr",
    "volume": "vol",
    "snapshot": "snap",
    "allocation": "eipalloc",
    "association": "eipassoc",
    "vpc": "vpc",
    "subnet": "subnet",
    "network interface": "eni",
    "route table": "rtb",
    "internet gateway": "igw",
    "DHCP options": "dopt",
    "network ACL": "acl",
    "job": "job",
}
RESOURCE_OF_PREFIX = {prefix: resource for resource, prefix in PREFIXES.items()}
_AMAZON_SPELLING = {"ami": "emi", "aki": "eki", "ari": "eri"}
_FORM = re.compile(r"([a-z]+)-([0-9a-f]{8}|[0-9a-f]{17})")


def mint(resource: str, entropy: bytes) -> str:
    """Form a new id of `resource` (a key of PREFIXES) from at least ENTROPY_BYTES random bytes."""
    return f"{PREFIXES[resource]}-{entropy.hex()[:17]}"


def canonical(given: str) -> str:
    """Fold case and Amazon's image prefixes: `AMI-0A11BEEF` and `emi-0a11beef` are one id."""
    prefix, dash, digits = given.strip().lower().partition("-")
    return _AMAZON_SPELLING.get(prefix, prefix) + dash + digits


def spellings(image_id: str) -> tuple[str, ...]:
    """Return both names of an image, `emi-` and `ami-`; other ids have one, an empty one none."""
    prefix, dash, digits = image_id.partition("-")
    amazon = [theirs for theirs, ours in _AMAZON_SPELLING.items() if ours == prefix]
    return (image_id, *(theirs + dash + digits for theirs in amazon)) if image_id else ()


def parse(given: str, *resources: str) -> str:
    """Return the canonical id, or raise Malformed naming the first of `resources` if the form is wrong."""
    text = canonical(given)
    form = _FORM.fullmatch(text)
    if form is None or form.group(1) not in {PREFIXES[resource] for resource in resources}:
        raise Malformed(resources[0], given)
    return text


def resource_of(given: str) -> str | None:
    """Name the kind of thing that an id stands for, or None if it is no id of ours."""
    form = _FORM.fullmatch(canonical(given))
    return RESOURCE_OF_PREFIX.get(form.group(1)) if form else None
