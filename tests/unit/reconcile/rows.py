"""Rows for tests of the reconcile loop: keyword overrides only."""

from dataclasses import replace
from typing import Any

from app.domain.host import Host
from app.domain.image import Image, ImageKind
from app.domain.instance import Instance
from app.domain.ports import DomainSeen
from app.domain.states import Seen
from tests import builders


def an_instance(**given: Any) -> Instance:
    where = {"cluster": "cluster01", "host": "host01"}
    return builders.an_instance(**{"instance_id": given.pop("id", "i-00000001"), **where, **given})


def a_host(**given: Any) -> Host:
    row = Host(name="host01", cluster="cluster01", uri="qemu+ssh://host01/system", ordinal=1, created_at_ms=1)
    return replace(row, **given)


def an_image(**given: Any) -> Image:
    row = Image(id="emi-00000001", kind=ImageKind.MACHINE, account_id="000000000001", name="tiny", created_at_ms=1)
    return replace(row, **given)


def a_domain(state: Seen = Seen.RUNNING, launch: int = 1, instance_id: str = "i-00000001") -> DomainSeen:
    return DomainSeen(instance_id=instance_id, state=state, launch=launch, reason="", recovery={})
