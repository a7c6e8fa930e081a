"""The routes of the REST interface as the server itself describes them, for tests that walk over all of them.

A route that is added is walked without a line here: its role, its parameters and an example of its body stand in the
document.
"""

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from tests.served import ServedCloud

ROOT = "/api/v1"
ENDLESS = "Stream"
SIGNED = "LogIn"
"""Its caller has no token yet."""
NOBODY = "nobody-has-this-name"
_PARAMETER = re.compile(r"\{(\w+)\}")
ROLES = ("viewer", "operator", "admin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One operation; `path` has its parameters filled in, with things that do not exist."""

    id: str
    method: str
    path: str
    role: str
    body: Any
    about: Mapping[str, Any]

    @property
    def changes(self) -> bool:
        """Tell whether it changes something; questions that are too long for a URL are asked by POST, by viewers."""
        return self.role != "viewer" and self.method != "GET"

    def covered_by(self, role: str) -> bool:
        return ROLES.index(role) >= ROLES.index(self.role)

    def ask(self, http: httpx.Client, **headers: str) -> httpx.Response:
        """Send the request, with the example of the document as its body."""
        sent: dict[str, Any] = {"json": self.body} if self.body is not None else {}
        return http.request(self.method, self.path, headers=headers, **sent)


def document(url: str) -> dict[str, Any]:
    """Fetch the document, as anybody may."""
    found: dict[str, Any] = httpx.get(f"{url}/api/schema/openapi.json", trust_env=False, timeout=60).json()
    return found


def routes(url: str) -> list[Route]:
    """List every operation below /api/v1."""
    return list(_routes(document(url)))


def _routes(described: Mapping[str, Any]) -> Iterator[Route]:
    for path, methods in described["paths"].items():
        for method, about in methods.items():
            if path.startswith(ROOT):
                yield Route(
                    id=about["operationId"],
                    method=method.upper(),
                    path=_filled(path, about),
                    role=about["x-role"],
                    body=_example(about),
                    about=about,
                )


def _filled(path: str, about: Mapping[str, Any]) -> str:
    """Put ids of the right form into a path, and a name that nothing has."""
    examples = {each["name"]: each.get("example", NOBODY) for each in about.get("parameters", ())}
    return _PARAMETER.sub(lambda found: NOBODY if found[1] == "name" else str(examples[found[1]]), path)


def _example(about: Mapping[str, Any]) -> Any:
    content = about.get("requestBody", {}).get("content", {}).get("application/json")
    return next(iter(content["examples"].values()))["value"] if content else None


def client(url: str, token: str = "") -> httpx.Client:
    """Make a client that carries a token."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False)


def token_of(cloud: ServedCloud, name: str, role: str) -> str:
    """Make an operator and return the token that is shown this once."""
    made: dict[str, str] = json.loads(cloud.euca("user", "create", name, "--role", role, "--json").stdout)
    return made["token"]


def short_lived(http: httpx.Client, role: str = "viewer") -> dict[str, Any]:
    """Make a token that expires soon; on a busy machine its time may be over before it is asked for."""
    seconds = 1
    while True:
        asked = {"role": role, "expires_at_ms": int((time.time() + seconds) * 1000)}
        answer = http.post("/api/v1/tokens", json=asked)
        if answer.status_code == 201 or seconds > 30:
            made: dict[str, Any] = answer.raise_for_status().json()
            return made
        seconds *= 2
