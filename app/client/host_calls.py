"""Requests behind the page of a host: why its instances are there, and what libvirt says of one."""

from app.api.host_pages import DefinitionView, HereBecauseView
from app.api.resources import Collection
from app.client.calls import Call, at


def here_because(name: str) -> Call[Collection[HereBecauseView]]:
    return Call(path=at("hosts", name, "reasons"), answer=Collection[HereBecauseView])


def definition(instance_id: str) -> Call[DefinitionView]:
    """Ask for the domain of an instance; it takes as long as its host does."""
    return Call(path=at("instances", instance_id, "definition"), answer=DefinitionView, timeout_s=30.0)
