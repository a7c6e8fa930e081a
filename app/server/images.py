"""REST: images and the bytes behind them. First the bytes are uploaded, then registered by their digest."""

from operator import attrgetter
from typing import Any

from litestar import Controller, Request, delete, get, post, put
from litestar.datastructures import State

from app.api.resources import Collection, ImageView, RegisterImage, ShareImage, UploadedFile
from app.domain import commands
from app.domain.account import Role
from app.domain.image import Image
from app.domain.ports import Unit
from app.server.desk import At, needs
from app.server.listing import AskedFor, Listing, from_rows
from app.services import accounts, image_attributes, images
from app.services.image_attributes import EVERYBODY, Launchers
from app.services.views import image_view

_OPERATOR = needs(Role.OPERATOR)
_LETS_GO = needs(Role.OPERATOR, lets_go="image")


class ImageController(Controller):
    tags = ("images",)
    opt = needs(Role.VIEWER)

    @get("/images", operation_id="ListImages", summary="Registered images")
    async def index(self, desk: At, asked: AskedFor) -> Collection[ImageView]:
        """Those of all accounts, with who may launch from each besides its owner."""
        return await _IMAGES.answer(desk, asked)

    @get("/images/{image_id:str}", operation_id="GetImage", summary="One image")
    async def show(self, desk: At, image_id: str) -> ImageView:
        return await desk.read(lambda unit: image_view(images.find(unit, desk.caller, image_id)))

    @put(
        "/image-files",
        operation_id="UploadImageFile",
        summary="Store bytes under their SHA-256; the body is the file itself, of any size",
        opt=_OPERATOR,
        request_max_body_size=None,
    )
    async def upload(self, desk: At, request: Request[Any, Any, State]) -> UploadedFile:
        """The answer names the digest to register it by. Bytes that are there already are not kept twice."""
        stored = desk.cloud.uploads.add(request.stream())
        sha256, size_bytes = await desk.act("UploadImageFile", "", stored)
        return UploadedFile(sha256=sha256, size_bytes=size_bytes)

    @post("/images", operation_id="RegisterImage", summary="Register uploaded bytes as an image", opt=_OPERATOR)
    async def register(self, desk: At, data: RegisterImage) -> ImageView:
        """The bytes are uploaded before, by `PUT /api/v1/image-files`."""
        size_bytes = desk.cloud.images.path(data.sha256).stat().st_size
        command = commands.RegisterImage(
            name=data.name,
            kind=data.kind,
            sha256=data.sha256,
            size_bytes=size_bytes,
            description=data.description,
            architecture=data.architecture,
            kernel_id=data.kernel_id,
            ramdisk_id=data.ramdisk_id,
            min_memory_mib=data.min_memory_mib,
            public=data.public,
        )

        def work(unit: Unit) -> ImageView:
            return image_view(images.register(unit, desk.caller, command, desk.cloud.entropy))

        return await desk.change("RegisterImage", data.name, work)

    @post(
        "/images/{image_id:str}/share",
        operation_id="ShareImage",
        summary="Say who may launch from an image",
        opt=_OPERATOR,
        status_code=200,
    )
    async def share(self, desk: At, image_id: str, data: ShareImage) -> ImageView:
        """Accounts by name or id, or everybody; who may launch from an image may not have its bytes."""

        def work(unit: Unit) -> ImageView:
            everybody = () if data.public is None else (EVERYBODY,)
            add = Launchers(account_ids=_ids(unit, data.add), groups=everybody if data.public else ())
            remove = Launchers(account_ids=_ids(unit, data.remove), groups=() if data.public else everybody)
            return image_view(image_attributes.share(unit, desk.caller, image_id, add, remove))

        return await desk.change("ShareImage", image_id, work)

    @delete("/images/{image_id:str}", operation_id="DeregisterImage", summary="Take out of use", opt=_LETS_GO)
    async def remove(self, desk: At, image_id: str) -> None:
        """Nothing new is launched from it; instances that run keep what they need."""
        await desk.change("DeregisterImage", image_id, lambda unit: images.deregister(unit, desk.caller, image_id))


_IMAGES: Listing[Image, ImageView] = Listing(
    view=ImageView,
    key=attrgetter("id"),
    first=from_rows(lambda unit, desk: images.visible(unit, desk.caller), attrgetter("id")),
    views=lambda unit, desk, rows: [image_view(row) for row in rows],
)


def _ids(unit: Unit, named: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(accounts.find_account(unit, name).id for name in named)
