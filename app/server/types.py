"""REST: instance types."""

from litestar import Controller, delete, get, put

from app.api.resources import Collection, SetType, TypeView
from app.domain.account import Role
from app.domain.errors import Missing
from app.domain.ports import Unit
from app.server.desk import At, needs
from app.server.holdings import listing_of
from app.server.listing import AskedFor
from app.services import types
from app.services.holding_views import type_views
from app.services.holdings import TYPES

_ADMIN = needs(Role.ADMIN)
_LETS_GO = needs(Role.ADMIN, lets_go="type")


class TypeController(Controller):
    path = "/types"
    tags = ("types",)
    opt = needs(Role.VIEWER)

    @get(operation_id="ListTypes", summary="Types in their order, with the room there is for each")
    async def index(self, desk: At, asked: AskedFor) -> Collection[TypeView]:
        """`free` is how many more of each there is room for now, `most` how many an empty cloud would take."""
        return await listing_of(TYPES).answer(desk, asked)

    @get("/{name:str}", operation_id="GetType", summary="One type, with the room there is for it")
    async def show(self, desk: At, name: str) -> TypeView:
        def work(unit: Unit) -> TypeView:
            found = unit.vmtypes.get(name)
            if found is None:
                raise Missing("instance type", name)
            return type_views(unit, [found])[0]

        return await desk.read(work)

    @put("/{name:str}", operation_id="SetType", summary="Define or change a type or an alias", opt=_ADMIN)
    async def change(self, desk: At, name: str, data: SetType) -> TypeView:
        """It counts from the next launch on. An alias is another name of a type."""

        def work(unit: Unit) -> TypeView:
            return type_views(unit, [types.set_type(unit, name, data)])[0]

        return await desk.change("SetType", name, work)

    @delete("/{name:str}", operation_id="RemoveType", summary="Remove an operator's type or alias", opt=_LETS_GO)
    async def remove(self, desk: At, name: str) -> None:
        """The five types that every cloud has stay; so do those that an alias stands for."""
        await desk.change("RemoveType", name, lambda unit: types.remove(unit, name))
