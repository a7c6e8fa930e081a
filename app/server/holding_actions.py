"""REST: one thing that an account holds: shown, and ended by an operator for its owner.

The services and their refusals are those of EC2. The trap: they look for an account's own things by name, and operators
act for everybody, so everything here is named by its id.
"""

from litestar import Controller, delete, get, post

from app.api.holdings import (
    AddressView,
    AttachVolume,
    DetachVolume,
    GroupView,
    KeyPairView,
    NetworkView,
    PlacementGroupView,
    SnapshotView,
    TemplateView,
    VolumeView,
)
from app.domain.account import Role
from app.domain.address import Address
from app.domain.errors import Conflict, Missing
from app.domain.ports import Unit
from app.server.desk import At, needs
from app.services import (
    attachments,
    group_networks,
    groups,
    holding_views,
    keypairs,
    launch_templates,
    placement_groups,
    public_addresses,
    snapshots,
    volumes,
)

_VIEWER = needs(Role.VIEWER)


class VolumeController(Controller):
    path = "/volumes/{volume_id:str}"
    tags = ("storage",)
    opt = needs(Role.OPERATOR)

    @get(operation_id="GetVolume", summary="One volume", opt=_VIEWER)
    async def show(self, desk: At, volume_id: str) -> VolumeView:
        def work(unit: Unit) -> VolumeView:
            row = volumes.find(unit, desk.caller, (volume_id,))[0]
            return holding_views.volume_views(unit, [row])[0]

        return await desk.read(work)

    @delete(
        operation_id="DeleteVolume",
        summary="Delete a volume that hangs on no instance",
        opt=needs(Role.OPERATOR, lets_go="volume"),
    )
    async def delete_volume(self, desk: At, volume_id: str) -> None:
        await desk.change("DeleteVolume", volume_id, lambda unit: volumes.delete(unit, desk.caller, volume_id))

    @post("/attach", operation_id="AttachVolume", summary="Hang a volume on an instance", status_code=200)
    async def attach(self, desk: At, volume_id: str, data: AttachVolume) -> VolumeView:
        """Both are of one cluster. The answer comes before the guest sees it; `attachment` says how far it is."""

        def work(unit: Unit) -> VolumeView:
            row = attachments.attach(unit, desk.caller, volume_id, data.instance_id, data.device)
            return holding_views.volume_views(unit, [row])[0]

        return await desk.change("AttachVolume", volume_id, work)

    @post("/detach", operation_id="DetachVolume", summary="Take a volume off its instance", status_code=200)
    async def detach(self, desk: At, volume_id: str, data: DetachVolume) -> VolumeView:
        def work(unit: Unit) -> VolumeView:
            asked = attachments.Detachment(volume_id=volume_id, force=data.force)
            row = attachments.detach(unit, desk.caller, asked)
            return holding_views.volume_views(unit, [row])[0]

        return await desk.change("DetachVolume", volume_id, work)


class SnapshotController(Controller):
    path = "/snapshots/{snapshot_id:str}"
    tags = ("storage",)
    opt = needs(Role.OPERATOR)

    @get(operation_id="GetSnapshot", summary="One snapshot", opt=_VIEWER)
    async def show(self, desk: At, snapshot_id: str) -> SnapshotView:
        def work(unit: Unit) -> SnapshotView:
            row = snapshots.own(unit, desk.caller, snapshot_id)
            return holding_views.snapshot_views(unit, [row])[0]

        return await desk.read(work)

    @delete(
        operation_id="DeleteSnapshot",
        summary="Delete a snapshot",
        opt=needs(Role.OPERATOR, lets_go="snapshot"),
    )
    async def delete_snapshot(self, desk: At, snapshot_id: str) -> None:
        await desk.change("DeleteSnapshot", snapshot_id, lambda unit: snapshots.delete(unit, desk.caller, snapshot_id))


class GroupController(Controller):
    path = "/groups/{group_id:str}"
    tags = ("network",)
    opt = needs(Role.OPERATOR)

    @get(operation_id="GetGroup", summary="One security group with its rules", opt=_VIEWER)
    async def show(self, desk: At, group_id: str) -> GroupView:
        def work(unit: Unit) -> GroupView:
            row = groups.one(unit, desk.caller, group_id, "")
            return holding_views.group_views(unit, [row])[0]

        return await desk.read(work)

    @delete(
        operation_id="DeleteGroup",
        summary="Delete a security group that nothing uses",
        opt=needs(Role.OPERATOR, lets_go="group"),
    )
    async def delete_group(self, desk: At, group_id: str) -> None:
        await desk.change("DeleteGroup", group_id, lambda unit: groups.delete(unit, desk.caller, group_id, ""))


class AddressController(Controller):
    path = "/addresses/{address_id:str}"
    tags = ("network",)
    opt = needs(Role.OPERATOR)

    @get(operation_id="GetAddress", summary="One public address", opt=_VIEWER)
    async def show(self, desk: At, address_id: str) -> AddressView:
        def work(unit: Unit) -> AddressView:
            row = _address(unit, address_id)
            return holding_views.address_views(unit, [row])[0]

        return await desk.read(work)

    @delete(
        operation_id="ReleaseAddress",
        summary="Put an address back into the pool, off its instance",
        opt=needs(Role.OPERATOR, lets_go="address"),
    )
    async def release(self, desk: At, address_id: str) -> None:
        def work(unit: Unit) -> None:
            public_addresses.release(unit, _given(unit, address_id))

        await desk.change("ReleaseAddress", address_id, work)

    @post(
        "/disassociate",
        operation_id="DisassociateAddress",
        summary="Take an address off its instance; the account keeps it",
        status_code=200,
    )
    async def disassociate(self, desk: At, address_id: str) -> AddressView:
        def work(unit: Unit) -> AddressView:
            public_addresses.disassociate(unit, _given(unit, address_id))
            return holding_views.address_views(unit, unit.addresses.where(id=address_id))[0]

        return await desk.change("DisassociateAddress", address_id, work)


class KeyPairController(Controller):
    path = "/key-pairs/{key_pair_id:str}"
    tags = ("identities",)
    opt = needs(Role.OPERATOR)

    @get(operation_id="GetKeyPair", summary="One key pair", opt=_VIEWER)
    async def show(self, desk: At, key_pair_id: str) -> KeyPairView:
        def work(unit: Unit) -> KeyPairView:
            row = keypairs.find(unit, desk.caller, key_id=key_pair_id)
            return holding_views.keypair_views(unit, [row])[0]

        return await desk.read(work)

    @delete(
        operation_id="DeleteKeyPair",
        summary="Forget a key pair; instances keep what they were given",
        opt=needs(Role.OPERATOR, lets_go="key-pair"),
    )
    async def delete_pair(self, desk: At, key_pair_id: str) -> None:
        def work(unit: Unit) -> None:
            pair = keypairs.find(unit, desk.caller, key_id=key_pair_id)
            keypairs.delete(unit, desk.caller, key_id=pair.id)

        await desk.change("DeleteKeyPair", key_pair_id, work)


class NetworkController(Controller):
    path = "/networks/{network_id:str}"
    tags = ("network",)

    @get(operation_id="GetNetwork", summary="The private network of one VLAN", opt=_VIEWER)
    async def show(self, desk: At, network_id: str) -> NetworkView:
        return await desk.read(
            lambda unit: holding_views.network_views(unit, [group_networks.find(unit, network_id)])[0]
        )


class PlacementGroupController(Controller):
    path = "/placement-groups/{placement_group_id:str}"
    tags = ("instances",)
    opt = needs(Role.OPERATOR)

    @get(operation_id="GetPlacementGroup", summary="One placement group", opt=_VIEWER)
    async def show(self, desk: At, placement_group_id: str) -> PlacementGroupView:
        def work(unit: Unit) -> PlacementGroupView:
            return holding_views.placement_group_views(
                unit, [placement_groups.find(unit, desk.caller, (), (placement_group_id,))[0]]
            )[0]

        return await desk.read(work)

    @delete(
        operation_id="DeletePlacementGroup",
        summary="Delete a placement group that no instance is in",
        opt=needs(Role.OPERATOR, lets_go="placement-group"),
    )
    async def delete_group(self, desk: At, placement_group_id: str) -> None:
        def work(unit: Unit) -> None:
            placement_groups.delete(unit, placement_groups.find(unit, desk.caller, (), (placement_group_id,))[0])

        await desk.change("DeletePlacementGroup", placement_group_id, work)


class TemplateController(Controller):
    path = "/launch-templates/{launch_template_id:str}"
    tags = ("instances",)
    opt = needs(Role.OPERATOR)

    @get(operation_id="GetLaunchTemplate", summary="One launch template, without what its versions say", opt=_VIEWER)
    async def show(self, desk: At, launch_template_id: str) -> TemplateView:
        def work(unit: Unit) -> TemplateView:
            return holding_views.template_views(
                unit, [launch_templates.named(unit, desk.caller, launch_template_id, "")]
            )[0]

        return await desk.read(work)

    @delete(
        operation_id="DeleteLaunchTemplate",
        summary="Delete a launch template with all its versions",
        opt=needs(Role.OPERATOR, lets_go="launch-template"),
    )
    async def delete_template(self, desk: At, launch_template_id: str) -> None:
        def work(unit: Unit) -> None:
            launch_templates.delete(unit, launch_templates.named(unit, desk.caller, launch_template_id, ""))

        await desk.change("DeleteLaunchTemplate", launch_template_id, work)


CONTROLLERS = (
    VolumeController,
    SnapshotController,
    GroupController,
    AddressController,
    KeyPairController,
    NetworkController,
    PlacementGroupController,
    TemplateController,
)


def _address(unit: Unit, address_id: str) -> Address:
    row = unit.addresses.get(address_id)
    if row is None:
        raise Missing("address", address_id)
    return row


def _given(unit: Unit, address_id: str) -> Address:
    """Look an address up that its account may keep; one that came with a launch is not to be acted on by itself."""
    row = _address(unit, address_id)
    if row.automatic:
        raise Conflict("address", row.ip, f"came with the launch of {row.instance_id} and goes with it")
    return row
