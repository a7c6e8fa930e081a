"""The OpenAPI document made whole: what the framework can not know is added here, for every route alike.

The framework tells paths, parameters and schemas. Roles, problems, examples, closed words and keys of idempotency
follow from rules of this package, so that a route that is added tomorrow is described without anybody's doing.
"""

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import msgspec
from litestar import Litestar
from litestar.routes import HTTPRoute

from app.api.problems import Problem
from app.domain.account import Role
from app.server.openapi import answers, values
from app.server.openapi.answers import Facts

ROOT = "/api/v1"
_PAGE_NAME = re.compile(r"Collection_app\.api\.\w+\.(\w+)_")
_REQUEST_ID = {
    "X-Request-Id": {
        "description": "Name of this exchange in the server's log; one that the request carries is kept.",
        "schema": {"type": "string"},
    }
}
_ABOUT = """Everything that the console and the command `euca` do goes through this interface.

* **Who asks.** `Authorization: Bearer TOKEN` on every request. A token has a role: *viewer* sees the whole cloud,
  *operator* also runs it, *admin* also decides who may and which hosts there are. `euca token create` makes one.
* **Collections** answer `items`, `next` (the `after` of the following page, or null) and `cursor`, from which
  `/api/v1/stream` goes on without a gap.
* **Problems** are documents of RFC 9457: `detail` is a sentence, `errors` names fields.
* **Trying again.** Everything may be asked again; what makes something takes an `Idempotency-Key`. 503 and 504 say in
  `Retry-After` when to.
* **Times** are milliseconds since 1970 in UTC; sizes have their unit in their name.
* **Audit.** Every change is written down with who, from where, and the header `Euca-Command` as the command."""
_TAGS = {
    "overview": "The cloud at a glance, and who you are.",
    "hosts": "Clusters and the hosts in them.",
    "instances": "Virtual machines.",
    "images": "What instances are launched from.",
    "types": "Sizes of instances.",
    "rules": "Mapping rules: which instance belongs on which host.",
    "identities": "Accounts, users, access keys and tokens.",
    "history": "What happened, who did it, and the live stream.",
    "state": "The cloud's own state as a file.",
    "health": "For watchers: answered without a token.",
}
_FILES = {"UploadImageFile": "application/octet-stream"}
"""Operations whose request is a file of any size."""
_EXAMPLES_OF_TEXT = {
    "Stream": "id: 4712\nevent: event\ndata: {…}\n\n",
    "Metrics": 'eucalyptus_hosts{state="up"} 6.0\n',
    "Heartbeat": "name=eucalyptus           enabled=true …\n",
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": (
        "Any text of up to 64 printable ASCII characters. The same key with the same request within a day makes"
        " nothing new and answers as the first one did; with another request it is refused (409)."
    ),
    "schema": {"type": "string", "maxLength": 64, "pattern": "^[ -~]*$"},
    "example": "5a0f5c0e-launch-web01",
}

IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": (
        "The `version` that `POST /api/v1/hanging` told: this is refused (409) if something else hangs on it by now."
    ),
    "schema": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[!-~]*$"},
    "example": "9f86d081884c7d65",
}


def facts_of(app: Litestar) -> dict[str, Facts]:
    """Collect by operation id what only the routes know."""
    found = {}
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler, _ in route.route_handler_map.values():
                opt = handler.opt
                found[str(handler.operation_id)] = Facts(
                    role=opt.get("role", Role.VIEWER), also=opt.get("also", ()), lets_go=bool(opt.get("lets_go"))
                )
    return found


def completed(schema: Mapping[str, Any], facts: Mapping[str, Facts]) -> dict[str, Any]:
    """Return a copy of the framework's document with everything that it does not know."""
    document: dict[str, Any] = deepcopy(dict(schema))
    _name_pages(document)
    document["info"]["description"] = _ABOUT
    schemas = document["components"]["schemas"]
    _describe(schemas)
    document["components"]["responses"] = answers.components(_REQUEST_ID)
    for path, method, operation in operations(document):
        if path.startswith(ROOT):
            _complete(path, method, operation, facts[operation["operationId"]], schemas)
        _show(operation, schemas)
        operation.pop("deprecated", None)
    used = {tag for _, _, operation in operations(document) for tag in operation.get("tags", ())}
    order = [tag for tag in _TAGS if tag in used] + sorted(used - _TAGS.keys())
    document["tags"] = [{"name": tag, "description": _TAGS.get(tag, f"{tag.capitalize()}.")} for tag in order]
    return document


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield path, method and description of every operation."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _name_pages(document: dict[str, Any]) -> None:
    text = msgspec.json.encode([document["paths"], document["components"]]).decode()
    document["paths"], document["components"] = msgspec.json.decode(_PAGE_NAME.sub(r"PageOf\1", text))


def _describe(schemas: dict[str, Any]) -> None:
    """Say what structs are for, which words are closed, and what a problem is."""
    schemas.update(msgspec.json.schema_components([Problem], ref_template="#/components/schemas/{name}")[1])
    docs = {struct.__name__: struct.__doc__ for struct in _structs(msgspec.Struct)}
    for name, schema in schemas.items():
        if name.startswith("PageOf"):
            schema["title"], said = name, docs.get("Collection")
        else:
            said = docs.get(name)
        if said:
            schema["description"] = " ".join(said.split())
        for field, about in schema.get("properties", {}).items():
            if f"{name}.{field}" in values.CLOSED:
                about["enum"] = [str(word) for word in values.CLOSED[f"{name}.{field}"]]


def _structs(root: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for struct in root.__subclasses__():
        if struct.__module__.startswith("app.api."):
            yield struct
        yield from _structs(struct)


def _complete(path: str, method: str, operation: dict[str, Any], facts: Facts, schemas: Mapping[str, Any]) -> None:
    if operation["operationId"] in _FILES:
        content = {_FILES[operation["operationId"]]: {"schema": {"type": "string", "format": "binary"}}}
        operation["requestBody"] = {"description": "The bytes of the file.", "required": True, "content": content}
    operation["x-role"] = str(facts.role)
    needed = f"Needs the role {facts.role}."
    operation["description"] = f"{operation.get('description') or operation['summary'] + '.'}\n\n{needed}"
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            before = path.partition("{" + parameter["name"] + "}")[0].rstrip("/").rpartition("/")[2]
            kind = "Name" if parameter["name"] == "name" else "Id"
            parameter.setdefault("description", f"{kind} of the {before.replace('-', ' ').removesuffix('s')}.")
            parameter["example"] = values.PATHS.get(before, "example")
    if method == "post" and {"201", "202"} & operation["responses"].keys():
        operation.setdefault("parameters", []).append(dict(IDEMPOTENCY_KEY))
    if facts.lets_go:
        operation.setdefault("parameters", []).append(dict(IF_MATCH))
    for body in operation.get("requestBody", {}).get("content", {}).values():
        _close(body["schema"], schemas)
    responses = {status: about for status, about in operation["responses"].items() if status[0] == "2"}
    for status, about in responses.items():
        about["description"] = answers.DONE[int(status)]
        about["headers"] = _REQUEST_ID
    problems = {str(status): answers.reference(status) for status in answers.statuses(method, operation, facts)}
    operation["responses"] = responses | problems


def _close(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> None:
    """Say that a body has no other fields: one that is misspelt must not be passed over."""
    if "$ref" in schema:
        schemas[schema["$ref"].rpartition("/")[2]]["additionalProperties"] = False


def _show(operation: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    """Put an example into every request and answer."""
    name = operation["operationId"]
    shown = [operation.get("requestBody", {}), *operation["responses"].values()]
    for kind, content in (content for each in shown for content in each.get("content", {}).items()):
        if content["schema"]:
            value = values.example(content["schema"], schemas)
        elif kind == "application/json":  # the answer of another operation
            content["schema"], value = {"type": "object"}, {"items": [], "next": None, "cursor": "4711"}
        else:
            content["schema"], value = {"type": "string"}, "…"
        content.setdefault("examples", {"example": {"value": _EXAMPLES_OF_TEXT.get(name, value)}})
    for parameter in operation.get("parameters", ()):
        if "example" not in parameter and "default" not in parameter["schema"]:
            parameter["example"] = values.EXAMPLES.get(parameter["name"], "example")
