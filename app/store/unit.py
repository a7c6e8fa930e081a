"""The port `Unit`: all tables, journal, audit and settings of one transaction.

It lives as long as the transaction and no longer; `work` must not keep it.
"""

from collections.abc import Mapping
from typing import Final, Generic, TypeVar

from app.domain import answer, ports
from app.domain.account import AccessKey, Account, Token, User
from app.domain.address import Address
from app.domain.client_token import ClientToken
from app.domain.gateway import Gateway
from app.domain.group import GroupRule, SecurityGroup
from app.domain.group_network import GroupNetwork
from app.domain.host import Cluster, Host
from app.domain.image import Image
from app.domain.instance import Instance, Reservation
from app.domain.job import Job, JobTarget
from app.domain.journal import AuditEntry, Entry, Said
from app.domain.keypair import KeyPair
from app.domain.launch_template import LaunchTemplate, LaunchTemplateVersion
from app.domain.placement_group import PlacementGroup
from app.domain.ports import Table
from app.domain.quota import Quota
from app.domain.rows import Writer
from app.domain.ruleset import Activation, Ruleset
from app.domain.tag import Tag
from app.domain.undo import Undo
from app.domain.vmtype import Size, VmType
from app.domain.volume import Snapshot, Volume
from app.store import audit as audits
from app.store.answers import Answers
from app.store.decisions import Decisions
from app.store.journal import Journal
from app.store.session import Session
from app.store.table import Rows

Row = TypeVar("Row")
# Triggers keep the table (migration 0004), whoever changes an instance.
_HELD: Final = "SELECT host, cores, memory_mib, disk_gb FROM held WHERE instances > 0"
_COUNTS: Final = "SELECT host, instances FROM held WHERE instances > 0"


class _Of(Generic[Row]):
    """The rows of one entity, made when a transaction first asks for them: most ask for two or three kinds."""

    def __init__(self, entity: type[Row]) -> None:
        self._entity = entity

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, unit: "Transaction", owner: type) -> Table[Row]:
        rows: Table[Row] = Rows(self._entity, unit._session, unit._journal, unit.writer, unit.changed)
        unit.__dict__[self._name] = rows
        return rows


class Transaction:
    """One transaction by one writer at one time."""

    accounts = _Of(Account)
    users = _Of(User)
    access_keys = _Of(AccessKey)
    tokens = _Of(Token)
    clusters = _Of(Cluster)
    hosts = _Of(Host)
    images = _Of(Image)
    vmtypes = _Of(VmType)
    keypairs = _Of(KeyPair)
    groups = _Of(SecurityGroup)
    group_rules = _Of(GroupRule)
    gateways = _Of(Gateway)
    group_networks = _Of(GroupNetwork)
    reservations = _Of(Reservation)
    instances = _Of(Instance)
    volumes = _Of(Volume)
    snapshots = _Of(Snapshot)
    tags = _Of(Tag)
    client_tokens = _Of(ClientToken)
    placement_groups = _Of(PlacementGroup)
    launch_templates = _Of(LaunchTemplate)
    launch_template_versions = _Of(LaunchTemplateVersion)
    addresses = _Of(Address)
    jobs = _Of(Job)
    job_targets = _Of(JobTarget)
    undos = _Of(Undo)
    rulesets = _Of(Ruleset)
    activations = _Of(Activation)
    quotas = _Of(Quota)

    def __init__(self, session: Session, writer: Writer, now_ms: int) -> None:
        self.writer: Writer = writer
        self.now_ms = now_ms
        self.changed: set[type] = set()  # the kinds whose rows this transaction wrote
        self._session = session
        self._journal = Journal(session, now_ms)
        self.decisions: ports.Decisions = Decisions(session)
        self.answers: answer.Answers = Answers(session)

    @property
    def written(self) -> int:
        """The newest journal cursor that this transaction wrote, 0 if none."""
        return self._journal.newest

    def held(self) -> Mapping[str, Size]:
        return {row[0]: Size(cores=row[1], memory_mib=row[2], disk_gb=row[3]) for row in self._session.query(_HELD)}

    def counts(self) -> Mapping[str, int]:
        return dict(self._session.query(_COUNTS).fetchall())

    def setting(self, name: str, default: str = "") -> str:
        row = self._session.query("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return default if row is None else row[0]

    def set_setting(self, name: str, value: str) -> None:
        self._session.change(
            "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, value),
        )

    def note(self, event: str, kind: str, resource_id: str, text: str) -> None:
        self._journal.append(event, kind, resource_id, text, {}, "")

    def audit(self, said: Said) -> int:
        return audits.append(self._session, self.now_ms, said)

    def cursor(self) -> int:
        return self._journal.cursor()

    def entries(self, after: int, limit: int, about: str = "") -> list[Entry]:
        return self._journal.entries(after, limit, about)

    def oldest_cursor(self) -> int:
        return self._journal.oldest()

    def audit_entries(self, after: int, limit: int) -> list[AuditEntry]:
        return audits.entries(self._session, after, limit)

    def last_audit_number(self) -> int:
        return audits.last_number(self._session)

    def verify_audit(self) -> audits.BrokenLink | None:
        """Walk the whole audit; return the first link that does not hold."""
        return audits.verify(self._session)

    def prune_journal(self, before_ms: int, most: int) -> int:
        """Delete up to `most` of the oldest journal entries, none younger than `before_ms`; return how many."""
        return self._journal.prune(before_ms, most)
