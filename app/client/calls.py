"""Every request of the REST API as a value, built in one place and sent by either transport of `http.py`.

A call carries its idempotency key from the moment it is made. The trap: to repeat something whose answer
was lost, send the *same* call again; a freshly built one would do the thing a second time.
"""

import uuid
from collections.abc import AsyncIterable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import msgspec

from app.api import resources as api
from app.api.accounts import AccountView, CreateAccount, CreateUser, Credentials, IssueCredentials, UserView
from app.api.gateways import GatewayInvitation
from app.api.loads import ChartView

Answer = TypeVar("Answer")
Content = bytes | Iterable[bytes] | AsyncIterable[bytes]
PAGE = 1000
LONG_S = 600.0


def _fresh_key() -> str:
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[Answer]):
    """One request. `path` is below /api/v1; `timeout_s` bounds the whole exchange.

    `command` is what the audit is told that was run, instead of what its sender says of itself. `confirmed` is the
    version of what hung on a thing when somebody confirmed that it may go: the cloud refuses if that has changed.
    """

    answer: Any
    path: str
    method: str = "GET"
    query: Mapping[str, str | int] = field(default_factory=dict)
    body: msgspec.Struct | None = None
    content: Content | None = None
    timeout_s: float = 10.0
    key: str = field(default_factory=_fresh_key)
    command: str = ""
    confirmed: str = ""

    def headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json"}
        if self.method == "POST":
            headers["Idempotency-Key"] = self.key
        if self.confirmed:
            headers["If-Match"] = f'"{self.confirmed}"'
        if self.body is not None:
            headers["Content-Type"] = "application/json"
        elif self.content is not None:
            headers["Content-Type"] = "application/octet-stream"
        return headers

    def payload(self) -> Content | None:
        return msgspec.json.encode(self.body) if self.body is not None else self.content


def at(*parts: str) -> str:
    return "/" + "/".join(quote(part, safe="") for part in parts)


def _page(after: str, limit: int) -> dict[str, str | int]:
    return {"after": after, "limit": limit} if after else {"limit": limit}


def me() -> Call[api.Me]:
    return Call(path="/me", answer=api.Me)


def overview() -> Call[api.Overview]:
    return Call(path="/overview", answer=api.Overview)


def clusters() -> Call[api.Collection[api.ClusterView]]:
    return Call(path="/clusters", answer=api.Collection[api.ClusterView])


def add_cluster(body: api.AddCluster) -> Call[api.ClusterView]:
    return Call(method="POST", path="/clusters", body=body, answer=api.ClusterView)


def remove_cluster(name: str) -> Call[None]:
    return Call(method="DELETE", path=at("clusters", name), answer=None)


def invite_gateway(cluster: str) -> Call[GatewayInvitation]:
    """Let a machine join as the gateway of a cluster; a repeated call ends the token that the first one gave."""
    return Call(method="POST", path=at("clusters", cluster, "gateway"), answer=GatewayInvitation)


def forget_gateway(cluster: str) -> Call[None]:
    return Call(method="DELETE", path=at("clusters", cluster, "gateway"), answer=None)


def hosts() -> Call[api.Collection[api.HostView]]:
    return Call(path="/hosts", answer=api.Collection[api.HostView])


def host(name: str) -> Call[api.HostView]:
    return Call(path=at("hosts", name), answer=api.HostView)


def add_host(body: api.AddHost) -> Call[api.HostView]:
    return Call(method="POST", path="/hosts", body=body, answer=api.HostView)


def set_host(name: str, body: api.SetHost) -> Call[api.HostView]:
    return Call(method="PATCH", path=at("hosts", name), body=body, answer=api.HostView)


def drain_host(name: str) -> Call[api.HostView]:
    return Call(method="POST", path=at("hosts", name, "drain"), answer=api.HostView)


def sleep_host(name: str) -> Call[api.HostView]:
    return Call(method="POST", path=at("hosts", name, "sleep"), answer=api.HostView)


def fence_host(name: str) -> Call[api.HostView]:
    return Call(method="POST", path=at("hosts", name, "fence"), answer=api.HostView)


def wake_host(name: str) -> Call[api.HostView]:
    return Call(method="POST", path=at("hosts", name, "wake"), answer=api.HostView)


def undrain_host(name: str) -> Call[api.HostView]:
    return Call(method="POST", path=at("hosts", name, "undrain"), answer=api.HostView)


def remove_host(name: str) -> Call[None]:
    return Call(method="DELETE", path=at("hosts", name), answer=None)


def chart(kind: str, given: str, from_ms: int, to_ms: int, steps: int) -> Call[ChartView]:
    """Ask for the past of a host, cluster or instance (`kind`)."""
    query = {"from": from_ms, "to": to_ms, "steps": steps}
    return Call(path=at(f"{kind}s", given, "chart"), query=query, answer=ChartView)


def instances(after: str = "", limit: int = PAGE, matching: str = "") -> Call[api.Collection[api.InstanceView]]:
    """Ask for a page; `matching` is a filter on the fields of the view."""
    query = _page(after, limit) | ({"filter": matching} if matching else {})
    return Call(path="/instances", query=query, answer=api.Collection[api.InstanceView])


def instance(instance_id: str) -> Call[api.InstanceView]:
    return Call(path=at("instances", instance_id), answer=api.InstanceView)


def console_output(instance_id: str) -> Call[api.ConsoleOutput]:
    return Call(path=at("instances", instance_id, "output"), answer=api.ConsoleOutput, timeout_s=20.0)


def decisions(instance_id: str, number: int = 0) -> Call[api.Collection[api.DecisionView]]:
    path, query = at("instances", instance_id, "decisions"), {"number": number} if number else {}
    return Call(path=path, query=query, answer=api.Collection[api.DecisionView])


def launch(body: api.LaunchInstances, key: str = "") -> Call[api.Collection[api.InstanceView]]:
    """Launch; calls with the same `key` launch once."""
    return Call(
        method="POST",
        path="/instances",
        body=body,
        answer=api.Collection[api.InstanceView],
        timeout_s=30.0,
        key=key or _fresh_key(),
    )


def act(body: api.ActOnInstances) -> Call[api.Collection[api.InstanceView]]:
    return Call(
        method="POST",
        path="/instances/actions",
        body=body,
        answer=api.Collection[api.InstanceView],
        timeout_s=30.0,
    )


def move(instance_id: str, host: str) -> Call[api.InstanceView]:
    return Call(
        method="POST",
        path=at("instances", instance_id, "move"),
        body=api.MoveInstance(host=host),
        answer=api.InstanceView,
    )


def images() -> Call[api.Collection[api.ImageView]]:
    return Call(path="/images", answer=api.Collection[api.ImageView])


def upload_file(content: Content) -> Call[api.UploadedFile]:
    return Call(method="PUT", path="/image-files", content=content, answer=api.UploadedFile, timeout_s=LONG_S)


def register_image(body: api.RegisterImage) -> Call[api.ImageView]:
    return Call(method="POST", path="/images", body=body, answer=api.ImageView)


def share_image(image_id: str, body: api.ShareImage) -> Call[api.ImageView]:
    return Call(method="POST", path=at("images", image_id) + "/share", body=body, answer=api.ImageView)


def remove_image(image_id: str) -> Call[None]:
    return Call(method="DELETE", path=at("images", image_id), answer=None)


def types() -> Call[api.Collection[api.TypeView]]:
    return Call(path="/types", answer=api.Collection[api.TypeView])


def set_type(name: str, body: api.SetType) -> Call[api.TypeView]:
    return Call(method="PUT", path=at("types", name), body=body, answer=api.TypeView)


def remove_type(name: str) -> Call[None]:
    return Call(method="DELETE", path=at("types", name), answer=None)


def accounts() -> Call[api.Collection[AccountView]]:
    return Call(path="/accounts", answer=api.Collection[AccountView])


def account(name: str) -> Call[AccountView]:
    return Call(path=at("accounts", name), answer=AccountView)


def create_account(body: CreateAccount) -> Call[AccountView]:
    return Call(method="POST", path="/accounts", body=body, answer=AccountView)


def disable_account(name: str) -> Call[AccountView]:
    return Call(method="POST", path=at("accounts", name, "disable"), answer=AccountView)


def enable_account(name: str) -> Call[AccountView]:
    return Call(method="POST", path=at("accounts", name, "enable"), answer=AccountView)


def users() -> Call[api.Collection[UserView]]:
    return Call(path="/users", answer=api.Collection[UserView])


def create_user(body: CreateUser) -> Call[Credentials]:
    return Call(method="POST", path="/users", body=body, answer=Credentials)


def delete_user(user_id: str) -> Call[None]:
    return Call(method="DELETE", path=at("users", user_id), answer=None)


def disable_user(user_id: str) -> Call[UserView]:
    return Call(method="POST", path=at("users", user_id, "disable"), answer=UserView)


def enable_user(user_id: str) -> Call[UserView]:
    return Call(method="POST", path=at("users", user_id, "enable"), answer=UserView)


def remove_access_key(key_id: str) -> Call[None]:
    return Call(method="DELETE", path=at("users", "access-keys", key_id), answer=None)


def add_access_key(user_id: str) -> Call[Credentials]:
    return Call(method="POST", path=at("users", user_id, "access-keys"), answer=Credentials)


def issue_credentials(user_id: str, role: str) -> Call[Credentials]:
    body = IssueCredentials(role=role)
    return Call(method="POST", path=at("users", user_id, "credentials"), body=body, answer=Credentials)


def events(after: str = "", limit: int = PAGE, about: str = "") -> Call[api.Collection[api.EventView]]:
    """Ask for the journal; `about`: only what happened to one thing."""
    query = _page(after, limit) | ({"about": about} if about else {})
    return Call(path="/events", query=query, answer=api.Collection[api.EventView])


def audit(after: str = "", limit: int = PAGE, matching: str = "") -> Call[api.Collection[api.AuditView]]:
    query = _page(after, limit) | ({"filter": matching} if matching else {})
    return Call(path="/audit", query=query, answer=api.Collection[api.AuditView])


def newest_audit(limit: int) -> Call[api.Collection[api.AuditView]]:
    return Call(path="/audit", query={"newest": "true", "limit": limit}, answer=api.Collection[api.AuditView])


def backup() -> Call[None]:
    """Ask for a backup; send it with `SyncCloud.save`, which writes the streamed file."""
    return Call(method="POST", path="/backup", answer=None, timeout_s=LONG_S)
