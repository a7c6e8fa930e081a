"""REST: instance types."""

from litestar import Controller, delete, get, put

from app.api.resources import Collection, SetType, TypeView
from app.domain.account import Role
from app.domain.ports import Unit
from app.server.desk import At, needs
from app.services import types
from app.services.views import type_views

_ADMIN = needs(Role.ADMIN)


class TypeController(Controller):
    path = "/types"
    tags = ("types",)
    opt = needs(Role.VIEWER)

    @get(operation_id="ListTypes", summary="Types in their order, with the room there is for each")
    async def index(self, desk: At) -> Collection[TypeView]:
        return await desk.read(lambda unit: Collection(items=type_views(unit), cursor=str(unit.cursor())))

    @put("/{name:str}", operation_id="SetType", summary="Define or change a type or an alias", opt=_ADMIN)
    async def change(self, desk: At, name: str, data: SetType) -> TypeView:
        def work(unit: Unit) -> TypeView:
            types.set_type(unit, name, data)
            return next(view for view in type_views(unit) if view.name == name)

        return await desk.change("SetType", name, work)

    @delete("/{name:str}", operation_id="RemoveType", summary="Remove an operator's type or alias", opt=_ADMIN)
    async def remove(self, desk: At, name: str) -> None:
        await desk.change("RemoveType", name, lambda unit: types.remove(unit, name))
