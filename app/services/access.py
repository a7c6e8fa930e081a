"""Who may see and change what: decided here and nowhere else.

The rule of EC2: what a caller may not see does not exist for them, so refusals on single things are `Missing`.
Administrators of the cloud see and change everything, as in 1.6.1. A REST token shows the whole cloud and may
do what its role covers: `need_role` decides that before any service is called.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from app.domain import ids
from app.domain.account import Caller, Role
from app.domain.errors import Forbidden, Missing
from app.domain.image import Image
from app.domain.records import Records
from app.domain.volume import Snapshot

Thing = TypeVar("Thing")


class Owned(Protocol):
    @property
    def account_id(self) -> str: ...


def owns(caller: Caller, thing: Owned) -> bool:
    """Tell whether the caller may see and change a thing of an account."""
    return caller.admin or thing.account_id == caller.account_id


def may_run(caller: Caller, image: Image) -> bool:
    """Tell whether the caller may see an image and launch from it."""
    return image.public or caller.account_id in image.granted_to or owns(caller, image)


def may_copy(caller: Caller, image: Image) -> bool:
    """Tell whether the caller may have an image's bytes: who was only allowed to launch it may not."""
    return image.public or owns(caller, image)


def may_clone(caller: Caller, snapshot: Snapshot) -> bool:
    """Tell whether the caller may see a snapshot and make volumes from it."""
    return snapshot.public or caller.account_id in snapshot.users or owns(caller, snapshot)


def each(table: Records[Thing], resource: str, given: Sequence[str], sees: Callable[[Thing], bool]) -> list[Thing]:
    """Look things up in the order asked, each once; Missing names all that are not there for the caller."""
    spelled = {ids.parse(thing_id, resource): thing_id for thing_id in given}
    found = {thing_id: table.get(thing_id) for thing_id in spelled}
    there = {thing_id: thing for thing_id, thing in found.items() if thing is not None and sees(thing)}
    if len(there) < len(spelled):
        raise Missing(resource, *(word for thing_id, word in spelled.items() if thing_id not in there))
    return list(there.values())


def scope(caller: Caller) -> dict[str, str]:
    """Return what narrows a question for things of accounts to those that the caller may see."""
    return {} if caller.admin else {"account_id": caller.account_id}


def sees_hosts(caller: Caller) -> bool:
    """Tell whether the caller may learn the names of hosts and what is free on them."""
    return caller.admin or caller.role is not None


def need_admin(caller: Caller, action: str, why: str) -> None:
    """Raise Forbidden unless the caller is an administrator of the cloud."""
    if not caller.admin:
        raise Forbidden(action, why)


def need_role(caller: Caller, role: Role, action: str) -> None:
    """Raise Forbidden unless the caller's token covers `role`."""
    if caller.role is None or not caller.role.covers(role):
        raise Forbidden(action, f"it needs the role {role}, this token has the role {caller.role or 'none'}")
