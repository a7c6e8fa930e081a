"""One Query service: which operations it offers, how their requests are read and their answers written.

The HTTP edge makes one `Protocol` for each of EC2, STS and IAM, picks one by the request's `Version`, and hands
its calls to handlers. The trap is dates: an EC2 client is answered in the namespace of the date it asked for, with the
shapes of the newest model that is not after it.
"""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from app.domain.errors import NOT_OFFERED, Absent, Invalid, Unknown, Unsupported
from app.wire import faults, scalars
from app.wire.amendments import Amendments
from app.wire.answers import Encode, compile_answer
from app.wire.dates import Dates
from app.wire.laying import laid_over, unfold
from app.wire.models import Model, Models
from app.wire.names import nearest
from app.wire.query import Decode, Tree, compile_request, fold

_SERVICES = {"2011-06-15": "sts", "2010-05-08": "iam"}
_DATE = re.compile(r"20[0-9]{2}-[01][0-9]-[0-3][0-9]")
_ENVELOPE = frozenset(
    {
        "Action",
        "Operation",
        "Version",
        "AWSAccessKeyId",
        "Signature",
        "SignatureMethod",
        "SignatureVersion",
        "Timestamp",
        "Expires",
        "SecurityToken",
    }
)


def service_of(version: str) -> str:
    """Tell the service by the request's Version alone: `sts`, `iam` or else `ec2`."""
    return _SERVICES.get(version, "ec2")


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One decoded request. `date` names the model that answers, `namespace` what the client asked in.

    `tree` is what `arguments` were read from.
    """

    service: str
    operation: str
    date: str
    namespace: str
    arguments: msgspec.Struct
    dry_run: bool
    tree: Tree = {}


class Protocol:
    """The codec of one service. A struct that disagrees with the newest model raises LookupError here, at start."""

    def __init__(
        self,
        models: Models,
        service: str,
        operations: Mapping[str, type[msgspec.Struct]],
        amendments: Amendments,
    ) -> None:
        self.service = service
        self.amendments = amendments
        self._models, self._operations = models, operations
        self._newest = models.newest(service)
        self._elder, self._elders = Dates.load(), dict[str, Model]()
        self._codes = faults.Codes(amendments.codes)
        self._decoders: dict[tuple[str, str], Decode] = {}
        self._encoders: dict[tuple[str, str], Encode] = {}
        for operation in operations:
            if operation not in self._newest.operations:
                raise LookupError(f"{service} has no operation {operation}")
            self._decoder(operation, self._newest)
            self._encoder(operation, self._newest)

    def decode(self, params: Sequence[tuple[str, str]]) -> Call:
        """Read one request's parameters (query and form together); raises Absent, Invalid, Unknown or Unsupported."""
        tree = fold(params)
        envelope = {name: tree.pop(name) for name in list(tree) if _is_envelope(name)}
        action = _text(envelope, "Action") or _text(envelope, "Operation")
        if not action:
            raise Absent("Action")
        version = _text(envelope, "Version")
        if not version:
            raise Absent("Version")
        model, namespace = self._at(version)
        self._check_action(action, model)
        if model.date in self._elders:
            tree = {self._elder.today(action, name): value for name, value in tree.items()}
        dry_run = self._dry_run(tree, action, model)
        return Call(
            service=self.service,
            operation=action,
            date=model.date,
            namespace=namespace,
            arguments=self._decoder(action, model)(tree),
            dry_run=dry_run,
            tree=tree,
        )

    def decode_over(self, call: Call, under: Mapping[str, Any]) -> msgspec.Struct:
        """Read a request again, laid over parameters that are given by the model's member names."""
        model = self._model(call.date)
        tree = laid_over(call.tree, unfold(model, call.operation, under))
        return self._decoder(call.operation, model)(tree)

    def encode(self, call: Call, answer: Mapping[str, object], request_id: str) -> bytes:
        """Write an answer keyed by the models' member names; LookupError for a member that the newest model lacks."""
        model = self._model(call.date)
        return self._encoder(call.operation, model)(answer, call.namespace, request_id)

    def fault(self, error: Exception, request_id: str) -> tuple[int, bytes]:
        """Return HTTP status and document for an error; what was not raised on purpose tells nothing internal."""
        return self._codes.fault(self.service, error, request_id)

    def _at(self, version: str) -> tuple[Model, str]:
        """Choose the model that answers a version, and the namespace it is answered in."""
        if self.service != "ec2":
            if version != self._newest.date:
                raise Invalid("Version", version[:32], f"This service is of {self._newest.date}.")
            return self._newest, self._newest.namespace
        oldest, newest = self._elder.oldest, self._newest.date
        if not _DATE.fullmatch(version) or version < oldest:
            raise Invalid("Version", version[:32], f"Versions from {oldest} to {newest} are answered.")
        asked = min(version, newest)
        dates = self._models.dates(self.service)
        date = dates[bisect_right(dates, asked) - 1] if asked >= dates[0] else self._elder.nearest(asked)
        return self._model(date), f"http://ec2.amazonaws.com/doc/{asked}/"

    def _model(self, date: str) -> Model:
        """Return the model of a date that is answered, botocore's own or an older one."""
        dates = self._models.dates(self.service)
        if date in dates:
            return self._models.load(self.service, date)
        if date not in self._elders:
            self._elders[date] = self._elder.model(date, self._models.load(self.service, dates[0]))
        return self._elders[date]

    def _check_action(self, action: str, model: Model) -> None:
        if action not in self._newest.operations:
            raise Unknown("action", action[:128], nearest(action, self._operations))
        if action not in self._operations:
            raise Unsupported(action, self.amendments.of(action).refused or NOT_OFFERED)
        if action not in model.operations:
            raise Unsupported(action, f"version {model.date} does not have it, ask in {self._newest.date}")

    def _dry_run(self, tree: Tree, action: str, model: Model) -> bool:
        if "DryRun" not in tree or "DryRun" not in model.inputs(action):
            return False
        given = _text({"DryRun": tree.pop("DryRun")}, "DryRun")
        try:
            return scalars.boolean(given)
        except ValueError as error:
            raise Invalid("DryRun", given[:32], str(error)) from None

    def _decoder(self, operation: str, model: Model) -> Decode:
        known = self._decoders.get((operation, model.date))
        if known is None:
            known = self._decoders[operation, model.date] = compile_request(
                model,
                operation,
                self._operations[operation],
                self.amendments.of(operation),
                strict=model is self._newest,
            )
        return known

    def _encoder(self, operation: str, model: Model) -> Encode:
        known = self._encoders.get((operation, model.date))
        if known is None:
            returning = operation in self._elder.returning
            known = compile_answer(model, operation, strict=model is self._newest, returning=returning)
            self._encoders[operation, model.date] = known
        return known


def _is_envelope(name: str) -> bool:
    return name in _ENVELOPE or name.lower().startswith("x-amz-")


def _text(envelope: Mapping[str, "str | Tree"], name: str) -> str:
    value = envelope.get(name, "")
    if not isinstance(value, str):
        raise Unknown("parameter", f"{name}.{next(iter(value))}"[:128], name)
    return value
