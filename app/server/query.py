"""The Query interface: one request in, one document out, for EC2 and STS on the same paths.

Service and API version are told by `Version` alone. A request is authenticated before its parameters are looked
at, so that a stranger learns nothing, not even which operations exist. DryRun does everything and rolls back.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from app.domain.account import Caller
from app.domain.errors import CloudError, DryRun, OverLimit
from app.domain.journal import Said
from app.domain.ports import Clock, Store, Unit
from app.server.callers import Callers
from app.server.ec2 import (
    addresses,
    consoles,
    group_rules,
    groups,
    id_formats,
    image_attributes,
    image_keeping,
    images,
    instance_attributes,
    instance_options,
    instances,
    interfaces,
    keypairs,
    launch_templates,
    offerings,
    placement_groups,
    snapshots,
    tags,
    types,
    unsold,
    volumes,
    vpc,
    vpc_absences,
    zones,
)
from app.server.ec2.operation import Answer, Ask, Operation, Site
from app.server.pace import Pace
from app.wire import dialects, signatures
from app.wire.faults import brief
from app.wire.protocol import Call, Protocol, service_of
from app.wire.signatures import SignedRequest

log = logging.getLogger(__name__)

OPERATIONS: tuple[Operation, ...] = (
    *addresses.OPERATIONS,
    *consoles.OPERATIONS,
    *group_rules.OPERATIONS,
    *groups.OPERATIONS,
    *id_formats.OPERATIONS,
    *image_attributes.OPERATIONS,
    *image_keeping.OPERATIONS,
    *images.OPERATIONS,
    *instance_attributes.OPERATIONS,
    *instance_options.OPERATIONS,
    *instances.OPERATIONS,
    *interfaces.OPERATIONS,
    *keypairs.OPERATIONS,
    *launch_templates.OPERATIONS,
    *offerings.OPERATIONS,
    *placement_groups.OPERATIONS,
    *snapshots.OPERATIONS,
    *tags.OPERATIONS,
    *types.OPERATIONS,
    *unsold.OPERATIONS,
    *volumes.OPERATIONS,
    *vpc.OPERATIONS,
    *vpc_absences.OPERATIONS,
    *zones.OPERATIONS,
)
MOST_PARAMETERS = 10_000


def requests_of(service: str) -> dict[str, type[msgspec.Struct]]:
    """List the operations of a service with their request types, for the codec to compile."""
    return {operation.name: operation.request for operation in OPERATIONS if operation.service == service}


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    status: int
    body: bytes


class _Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A request whose sender is known."""

    caller: Caller
    call: Call
    operation: Operation


class QueryApi:
    """Answers Query requests against the store."""

    def __init__(
        self, *, store: Store, callers: Callers, site: Site, clock: Clock, pace: Pace, protocols: Mapping[str, Protocol]
    ) -> None:
        self._store, self._site, self._clock, self._pace, self._protocols = store, site, clock, pace, protocols
        self._callers = callers
        self._operations = {(operation.service, operation.name): operation for operation in OPERATIONS}

    async def reply(self, request: SignedRequest, source: str, request_id: str) -> Reply:
        """Answer one request; every failure becomes the service's own error document."""
        protocol = self._protocols["ec2"]
        try:
            protocol = self._protocol(request.params)
            claim = signatures.read(request)
            caller = self._callers.prove(claim, self._clock.now_ms())
            self._pace.take(caller.account_id)
            call = protocol.decode(request.params)
            opened = _Opened(caller=caller, call=call, operation=self._operations[call.service, call.operation])
            body = await self._run(opened, source, request_id)
            return Reply(status=200, body=dialects.written_for(request, body))
        except CloudError as error:
            status, body = protocol.fault(error, request_id)
        except Exception as error:
            log.exception("request failed", extra={"fields": {"request": request_id}})
            status, body = protocol.fault(error, request_id)
        return Reply(status=status, body=body)

    def refuse(self, error: CloudError, request_id: str) -> Reply:
        """Answer what is refused before anybody looked into it."""
        status, body = self._protocols["ec2"].fault(error, request_id)
        return Reply(status=status, body=body)

    def _protocol(self, params: Iterable[tuple[str, str]]) -> Protocol:
        version = next((value for name, value in params if name == "Version"), "")
        return self._protocols.get(service_of(version), self._protocols["ec2"])

    async def _run(self, opened: "_Opened", source: str, request_id: str) -> bytes:
        call, caller, operation = opened.call, opened.caller, opened.operation
        protocol = self._protocols[call.service]
        if operation.is_brief(call.arguments):
            return self._store.glance(lambda unit: protocol.encode(call, self._handle(opened, unit), request_id))
        if not (operation.writes or operation.prepare or operation.finish):
            # A long list takes a while to write: the event loop has others to serve.
            return await self._store.read(lambda unit: protocol.encode(call, self._handle(opened, unit), request_id))
        prepared = None
        if operation.prepare is not None:
            prepared = await asyncio.to_thread(operation.prepare, call.arguments)

        def work(unit: Unit) -> Answer:
            answer = self._handle(opened, unit, prepared)
            if operation.writes:
                _audit(unit, call, caller, source, "ok")
            return answer

        try:
            answer = await (self._store.write(work) if operation.writes else self._store.read(work))
        except CloudError as error:
            if operation.writes and not isinstance(error, DryRun):
                refusal = brief(str(error))
                await self._store.write(lambda unit: _audit(unit, call, caller, source, "refused", refusal))
            raise
        if operation.finish is not None:
            answer = await operation.finish(answer, self._site)
        return protocol.encode(call, answer, request_id)

    def _handle(self, opened: "_Opened", unit: Unit, prepared: object = None) -> Answer:
        call = opened.call
        ask: Ask[Any] = Ask(
            operation=call.operation,
            request=call.arguments,
            unit=unit,
            caller=opened.caller,
            site=self._site,
            over=lambda under: self._protocols[call.service].decode_over(call, under),
            prepared=prepared,
        )
        answer = opened.operation.handle(ask)
        if call.dry_run:
            raise DryRun
        return answer


def form_params(query: str, body: bytes, content_type: str) -> list[tuple[str, str]]:
    """Collect parameters of the query string and of a form body, in order; OverLimit if they are too many."""
    parts = [query.encode("latin-1")]
    if content_type.partition(";")[0].strip().lower() in ("application/x-www-form-urlencoded", ""):
        parts.append(body)
    count = sum(part.count(b"&") + 1 for part in parts)
    if count > MOST_PARAMETERS:
        raise OverLimit("parameters per request", count, MOST_PARAMETERS)
    return [pair for part in parts if part for pair in _pairs(part)]


def _pairs(form: bytes) -> list[tuple[str, str]]:
    """Read a form; what is no UTF-8 stays marked by lone surrogates, which no value may hold."""
    return parse_qsl(form.decode("utf-8", "surrogateescape"), keep_blank_values=True, errors="surrogateescape")


def _audit(unit: Unit, call: Call, caller: Caller, source: str, outcome: str, detail: str = "") -> None:
    named = getattr(call.arguments, "instance_ids", None) or getattr(call.arguments, "resources", None) or []
    target = ", ".join(named) or next(
        (
            str(value)
            for name in ("key_name", "image_id", "group_name", "group_id", "volume_id", "snapshot_id")
            if (value := getattr(call.arguments, name, ""))
        ),
        "",
    )
    who = f"{caller.account_id}/{caller.user_name}"
    unit.audit(
        Said(who=who, source=source, action=call.operation, target=brief(target), outcome=outcome, detail=detail)
    )
