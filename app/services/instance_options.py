"""Options of instances that are no attributes to EC2: monitoring, the metadata service, the placement group."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.domain.account import Caller
from app.domain.errors import Combination, WrongState
from app.domain.instance import Instance
from app.domain.placement_group import PlacementGroup
from app.domain.ports import Unit
from app.domain.states import InstanceState
from app.services import admission, instances, placement_groups
from app.services.instance_attributes import need_stopped, put


def monitor(unit: Unit, caller: Caller, instance_ids: Sequence[str], *, on: bool) -> list[Instance]:
    """Remember whether somebody wants instances watched closely; all or none."""
    found = instances.find(unit, caller, instance_ids)
    return [put(unit, caller, row.id, lambda it: replace(it, monitoring=on), "monitoring") for row in found]


def set_metadata(unit: Unit, caller: Caller, instance_id: str, changes: Mapping[str, Any]) -> Instance:
    """Change what an instance gets from the metadata service, at once; `changes` has columns of MetadataOptions."""
    if not changes:
        raise Combination("At least one option of the metadata service must be given")
    if "metadata_hops" in changes:
        admission.check_hops(changes["metadata_hops"])
    return put(unit, caller, instance_id, lambda row: replace(row, **changes), "metadataOptions")


def set_placement_group(
    unit: Unit, caller: Caller, instance_id: str, group: PlacementGroup | None, partition: int
) -> Instance:
    """Put a stopped instance into a placement group, or out of it (None); NoCapacity if its host is not for the group.

    It starts again on its host, so the group's promise must hold there.
    """

    def change(instance: Instance) -> Instance:
        need_stopped(instance, "placement")
        if group is None:
            return replace(instance, placement_group="", partition_number=0)
        number = placement_groups.partition_on(unit, group, instance, partition)
        return replace(instance, placement_group=group.name, partition_number=number)

    return put(unit, caller, instance_id, change, "placement")


def report(unit: Unit, caller: Caller, instance_ids: Sequence[str], said: str) -> None:
    """Tell the operators what an owner thinks of running instances."""
    for instance in instances.find(unit, caller, instance_ids):
        if instance.state is not InstanceState.RUNNING:
            raise WrongState("instance", instance.id, instance.state, "and only a running one has a status")
        unit.note("instance.reported", "instance", instance.id, f"{caller.user_name} reports: {said}")
