"""REST: ending what accounts hold, as an operator for its owner: deleted, taken off instances, given back.

The services and their refusals are those of EC2; here everything is named by its id, since operators act for everybody.
"""

from litestar import Controller, delete, post

from app.api.holdings import AddressView, DetachVolume, VolumeView
from app.domain.account import Role
from app.domain.address import Address
from app.domain.errors import Conflict, Missing
from app.domain.ports import Unit
from app.server.desk import At, needs
from app.services import (
    attachments,
    groups,
    holding_views,
    keypairs,
    launch_templates,
    placement_groups,
    public_addresses,
    snapshots,
    volumes,
)


class VolumeActions(Controller):
    path = "/volumes/{thing_id:str}"
    tags = ("storage",)
    opt = needs(Role.OPERATOR)

    @delete(operation_id="DeleteVolume", summary="Delete a volume that hangs on no instance")
    async def delete_volume(self, desk: At, thing_id: str) -> None:
        await desk.change("DeleteVolume", thing_id, lambda unit: volumes.delete(unit, desk.caller, thing_id))

    @post("/detach", operation_id="DetachVolume", summary="Take a volume off its instance", status_code=200)
    async def detach(self, desk: At, thing_id: str, data: DetachVolume) -> VolumeView:
        def work(unit: Unit) -> VolumeView:
            asked = attachments.Detachment(volume_id=thing_id, force=data.force)
            row = attachments.detach(unit, desk.caller, asked)
            return holding_views.volume_views(unit, [row])[0]

        return await desk.change("DetachVolume", thing_id, work)


class SnapshotActions(Controller):
    path = "/snapshots/{thing_id:str}"
    tags = ("storage",)
    opt = needs(Role.OPERATOR)

    @delete(operation_id="DeleteSnapshot", summary="Delete a snapshot")
    async def delete_snapshot(self, desk: At, thing_id: str) -> None:
        await desk.change("DeleteSnapshot", thing_id, lambda unit: snapshots.delete(unit, desk.caller, thing_id))


class GroupActions(Controller):
    path = "/groups/{thing_id:str}"
    tags = ("network",)
    opt = needs(Role.OPERATOR)

    @delete(operation_id="DeleteGroup", summary="Delete a security group that nothing uses")
    async def delete_group(self, desk: At, thing_id: str) -> None:
        await desk.change("DeleteGroup", thing_id, lambda unit: groups.delete(unit, desk.caller, thing_id, ""))


class AddressActions(Controller):
    path = "/addresses/{thing_id:str}"
    tags = ("network",)
    opt = needs(Role.OPERATOR)

    @delete(operation_id="ReleaseAddress", summary="Put an address back into the pool, off its instance")
    async def release(self, desk: At, thing_id: str) -> None:
        def work(unit: Unit) -> None:
            public_addresses.release(unit, _given(unit, thing_id))

        await desk.change("ReleaseAddress", thing_id, work)

    @post(
        "/disassociate",
        operation_id="DisassociateAddress",
        summary="Take an address off its instance; the account keeps it",
        status_code=200,
    )
    async def disassociate(self, desk: At, thing_id: str) -> AddressView:
        def work(unit: Unit) -> AddressView:
            public_addresses.disassociate(unit, _given(unit, thing_id))
            return holding_views.address_views(unit, unit.addresses.where(id=thing_id))[0]

        return await desk.change("DisassociateAddress", thing_id, work)


class KeyPairActions(Controller):
    path = "/key-pairs/{thing_id:str}"
    tags = ("identities",)
    opt = needs(Role.OPERATOR)

    @delete(operation_id="DeleteKeyPair", summary="Forget a key pair; instances keep what they were given")
    async def delete_pair(self, desk: At, thing_id: str) -> None:
        def work(unit: Unit) -> None:
            pair = keypairs.find(unit, desk.caller, key_id=thing_id)
            keypairs.delete(unit, desk.caller, key_id=pair.id)

        await desk.change("DeleteKeyPair", thing_id, work)


class PlacementGroupActions(Controller):
    path = "/placement-groups/{thing_id:str}"
    tags = ("instances",)
    opt = needs(Role.OPERATOR)

    @delete(operation_id="DeletePlacementGroup", summary="Delete a placement group that no instance is in")
    async def delete_group(self, desk: At, thing_id: str) -> None:
        def work(unit: Unit) -> None:
            placement_groups.delete(unit, placement_groups.find(unit, desk.caller, (), (thing_id,))[0])

        await desk.change("DeletePlacementGroup", thing_id, work)


class TemplateActions(Controller):
    path = "/launch-templates/{thing_id:str}"
    tags = ("instances",)
    opt = needs(Role.OPERATOR)

    @delete(operation_id="DeleteLaunchTemplate", summary="Delete a launch template with all its versions")
    async def delete_template(self, desk: At, thing_id: str) -> None:
        def work(unit: Unit) -> None:
            launch_templates.delete(unit, launch_templates.named(unit, desk.caller, thing_id, ""))

        await desk.change("DeleteLaunchTemplate", thing_id, work)


CONTROLLERS = (
    VolumeActions,
    SnapshotActions,
    GroupActions,
    AddressActions,
    KeyPairActions,
    PlacementGroupActions,
    TemplateActions,
)


def _given(unit: Unit, address_id: str) -> Address:
    """Look an address up that its account may keep; one that came with a launch is not to be acted on by itself."""
    row = unit.addresses.get(address_id)
    if row is None:
        raise Missing("address", address_id)
    if row.automatic:
        raise Conflict("address", row.ip, f"came with the launch of {row.instance_id} and goes with it")
    return row
