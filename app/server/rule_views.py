"""Faults of rules as REST shows them, also those that only the hosts there are bring to light."""

import asyncio
from dataclasses import replace

from app.api.rulesets import FaultView
from app.domain.ports import Unit
from app.domain.vmtype import VmType
from app.rules.faults import Fault
from app.rules.possible import check_on
from app.rules.reading import read
from app.rules.table import HostTable
from app.server.desk import Desk


def fault_view(fault: Fault) -> FaultView:
    return FaultView(
        line=fault.at.line,
        column=fault.at.column,
        width=fault.at.width,
        severity=fault.severity,
        message=fault.message,
        nearest=fault.nearest,
        expected=list(fault.expected),
        said=str(fault),
    )


async def impossible(desk: Desk, text: str, policy: str, file: str) -> list[FaultView]:
    """Say which types of instances could run nowhere by a policy of sound rules, on the hosts that there are."""

    def work(unit: Unit) -> tuple[HostTable, list[VmType]]:
        types = [row for row in unit.vmtypes.where() if not row.alias_of]
        return desk.cloud.mapping.fleet.snapshot(unit).table, types

    table, types = await desk.cloud.store.write(work)
    return await asyncio.to_thread(_checked, text, policy, file, table, types)


def _checked(text: str, policy: str, file: str, table: HostTable, types: list[VmType]) -> list[FaultView]:
    rules = read(text, file).ruleset
    only = replace(rules, policies={policy: rules.policies[policy]})
    return [fault_view(fault) for fault in check_on(only, table, types)]
