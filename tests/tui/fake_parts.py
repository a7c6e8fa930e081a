"""What hangs on things, rules of groups, users, keys and quotas, as the cloud in memory answers them."""

from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx
import msgspec

from app.api.accounts import AccountView, Credentials
from app.api.hanging import AskHanging, HangingView, HangingViews, TieView
from app.api.holdings import GroupRuleView, GroupView
from tests.tui.views import NOW_MS

if TYPE_CHECKING:
    from tests.tui.fake_cloud import FakeCloud

Answer = tuple[int, Any]


class FakeParts:
    """`ties` are what hangs on things, by their ids."""

    def __init__(self, cloud: "FakeCloud") -> None:
        self._cloud = cloud
        self.ties: dict[str, list[TieView]] = {}

    def answers(self, method: str, path: str) -> bool:
        """Tell whether such a request is answered here."""
        if method == "DELETE":
            return "/rules/" in path
        made = method == "POST" and (path in ("/users", "/accounts") or path.endswith("/access-keys"))
        return made or path == "/hanging" or path.endswith("/rules") or "/quotas/" in path

    def answer(self, request: httpx.Request, path: str) -> Answer:
        if path == "/hanging":
            return self._hanging(request, path)
        if "/rules" in path:
            return self._group_rule(request, path)
        return self._quota(request, path) if "/quotas/" in path else self._identity(request, path)

    def _group_rule(self, request: httpx.Request, path: str) -> Answer:
        _, _, given, _, *rule = path.split("/")
        group = self._cloud.held["groups"][given]
        if rule:
            self._rules(group, [one for one in group.rules if one.id != rule[0]])
            return 204, None
        asked = msgspec.json.decode(request.content, type=dict[str, Any])
        fields: dict[str, Any] = {name: -1 if value is None else value for name, value in asked.items()}
        made = GroupRuleView(id=f"sgr-{len(group.rules) + 0x100:017x}", **fields)
        self._rules(group, [*group.rules, made])
        return 201, made

    def _rules(self, group: GroupView, rules: list[GroupRuleView]) -> None:
        self._cloud.jobs.remember("group", group)
        self._cloud.held["groups"][group.id] = changed = msgspec.structs.replace(group, rules=rules)
        self._cloud.change("group", changed)

    def _identity(self, request: httpx.Request, path: str) -> Answer:
        """Make an account, a user or a key; who makes what is not the fake's affair."""
        if path == "/accounts":
            made = AccountView(id="000000000009", name="made", enabled=True, users=0, created_at_ms=NOW_MS, usage=[])
            self._cloud.held["accounts"][made.id] = made
            return 201, made
        token = "euca_secret" if path == "/users" else ""
        return 201, Credentials(
            account_id="1", user_name="eve", access_key_id="AKIA1", secret_access_key="s3cr3t", token=token
        )

    def _quota(self, request: httpx.Request, path: str) -> Answer:
        _, _, given, _, resource = path.split("/")
        account = self._cloud.held["accounts"][given]
        most = msgspec.json.decode(request.content)["most"]
        usage = [
            msgspec.structs.replace(one, most=most, own=most is not None) if one.resource == resource else one
            for one in account.usage
        ]
        self._cloud.held["accounts"][given] = changed = msgspec.structs.replace(account, usage=usage)
        self._cloud.jobs.remember("account", account)
        self._cloud.change("account", changed)
        return 200, next(one for one in usage if one.resource == resource)

    def _used(self, given: str) -> bool:
        return given in self._cloud.instances and self._cloud.instances[given].state == "running"

    def _hanging(self, request: httpx.Request, path: str) -> Answer:
        asked = msgspec.json.decode(request.content, type=AskHanging)
        items = [
            HangingView(
                id=given, ties=self.ties.get(given, []), more=0, notes=[], in_use=self._used(given), version="v1"
            )
            for given in asked.ids
        ]
        sums = Counter(f"{tie.kind}: {tie.fate}" for one in items for tie in one.ties)
        said = [f"{count} x {what}" for what, count in sums.items()]
        return 200, HangingViews(items=items, in_use=sum(one.in_use for one in items), sums=said)
