"""Resources of the page of a host: why each instance is there, and what its hypervisor says of a domain."""

import msgspec


class HereBecauseView(msgspec.Struct, frozen=True, kw_only=True):
    """The newest decision about an instance in a line; `kind` says what became of it then."""

    instance_id: str
    at_ms: int
    kind: str
    text: str


class DefinitionView(msgspec.Struct, frozen=True, kw_only=True):
    """A domain as its hypervisor describes it now, in libvirt's XML and without passwords."""

    instance_id: str
    host: str
    at_ms: int
    xml: str
