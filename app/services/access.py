"""Who may do what: the only place that decides it.

REST tokens carry a role and show the whole cloud; EC2 keys carry none and show what their account owns, but for
users marked `admin`. The trap: what a caller may not see must look exactly like what does not exist, so services
ask `visible` and answer Missing, never Forbidden.
"""

from typing import Protocol, TypeVar

from app.domain.account import Caller, Role
from app.domain.errors import Forbidden, Missing


class Owned(Protocol):
    """Anything that belongs to an account."""

    @property
    def account_id(self) -> str: ...


Row = TypeVar("Row", bound=Owned)


def visible(caller: Caller, row: Owned) -> bool:
    """Tell whether the caller may know that `row` exists; whoever sees a thing through EC2 may change it too."""
    return caller.admin or caller.role is not None or row.account_id == caller.account_id


def need_role(caller: Caller, role: Role, action: str) -> None:
    """Raise Forbidden unless the caller's token covers `role`."""
    if caller.role is None or not caller.role.covers(role):
        raise Forbidden(action, f"it needs the role {role}, this token has the role {caller.role or 'none'}")


def see(caller: Caller, row: Row | None, resource: str, given: str) -> Row:
    """Return `row` if it exists and the caller may see it, else raise Missing."""
    if row is None or not visible(caller, row):
        raise Missing(resource, given)
    return row
