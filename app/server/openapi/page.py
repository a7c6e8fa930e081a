"""The human page of the API: every operation with what it needs, takes and answers, and a line to try it with.

It is complete in itself, without a script and without anything from elsewhere, since a cloud may have no internet.
"""

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from app.server.openapi.document import operations

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
code,pre{font-family:ui-monospace,monospace;font-size:.9em}
pre{background:#f3f4f6;padding:.6rem .8rem;overflow:auto;border-radius:.3rem;max-height:22rem;
white-space:pre-wrap}
h2{margin:2rem 0 .2rem;border-bottom:1px solid #d0d7de} details{border-bottom:1px solid #eaeef2;padding:.3rem 0}
summary{cursor:pointer;display:grid;grid-template-columns:5rem minmax(18rem,2fr) 3fr 6rem;gap:.6rem}
table{border-collapse:collapse;margin:.4rem 0 1rem} td{vertical-align:top;padding:.15rem 1rem .15rem 0}
.m{font-weight:600}.r{color:#57606a}
@media (prefers-color-scheme:dark){body{color:#d6dbe0;background:#15181c}pre{background:#22272e}a{color:#79b8ff}
h2,details{border-color:#373e47}.r{color:#9aa4ae}}
"""
_HEAD = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>{title}</title><style>{style}</style></head><body>
<h1>{title}</h1>
<p>Version {version} · <a href="/api/schema/openapi.json">openapi.json</a> (OpenAPI 3.1), for programs</p>
{about}<h2>Begin</h2>
<pre>eval "$(euca credentials --format env --state DIR)"   # sets EUCA_URL and EUCA_TOKEN
curl -H "Authorization: Bearer $EUCA_TOKEN" "$EUCA_URL/api/v1/overview"</pre>
<p>Examples in Python, and what the live stream sends: <code>docs/rest.md</code>. Open an operation below for its
parameters, an example and what it may answer.</p><p>{contents}</p>
"""
_MARKS = ((re.compile(r"`([^`]+)`"), r"<code>\1</code>"), (re.compile(r"\*\*([^*]+)\*\*"), r"<b>\1</b>"))
_EMPHASIS = re.compile(r"\*([^*\s][^*]*)\*")


def page(document: Mapping[str, Any]) -> str:
    """Write the whole document as one HTML page, grouped by tag."""
    info = document["info"]
    groups: dict[str, list[str]] = {tag["name"]: [] for tag in document["tags"]}
    for path, method, about in sorted(operations(document), key=lambda one: one[:2]):
        groups[about["tags"][0]].append(_operation(document, path, method, about))
    head = _HEAD.format(
        title=escape(info["title"]),
        version=escape(info["version"]),
        style=_STYLE,
        about=_text(info["description"]),
        contents=" · ".join(f'<a href="#{escape(tag)}">{escape(tag)}</a>' for tag in groups),
    )
    said = {tag["name"]: _marked(tag["description"]) for tag in document["tags"]}
    parts = [
        f'<h2 id="{escape(tag)}">{escape(tag)}</h2><p>{said[tag]}</p>{"".join(rows)}' for tag, rows in groups.items()
    ]
    return head + "".join(parts) + "</body></html>\n"


def _operation(document: Mapping[str, Any], path: str, method: str, about: Mapping[str, Any]) -> str:
    name, role = escape(about["operationId"]), escape(about.get("x-role", ""))
    parts = [
        f'<details id="{name}"><summary><code class="m">{method.upper()}</code><code>{escape(path)}</code>',
        f'<span>{_marked(about["summary"])}</span><span class="r">{role}</span></summary>',
        _text(about.get("description", "")),
        _parameters(about.get("parameters", ())),
        f"<pre>{escape(_command(path, method, about))}</pre>",
        _answers(document, about["responses"]),
    ]
    return "".join(parts) + f'<p class="r">Operation id: <a href="#{name}">{name}</a></p></details>'


def _parameters(parameters: Iterable[Mapping[str, Any]]) -> str:
    rows = [
        f"<tr><td><code>{escape(each['name'])}</code></td><td>{escape(each['in'])}</td>"
        f"<td>{_marked(each.get('description', ''))}{_words(each['schema'])}</td></tr>"
        for each in parameters
    ]
    return f"<table>{''.join(rows)}</table>" if rows else ""


def _words(schema: Mapping[str, Any]) -> str:
    return " One of " + ", ".join(f"<code>{escape(word)}</code>" for word in schema["enum"]) if "enum" in schema else ""


def _command(path: str, method: str, about: Mapping[str, Any]) -> str:
    """Form the line that asks for it in a shell."""
    for each in about.get("parameters", ()):
        path = path.replace("{" + each["name"] + "}", str(each.get("example", "")))
    words = ["curl"] if method == "get" else ["curl", "-X", method.upper()]
    if about.get("x-role"):
        words.append('-H "Authorization: Bearer $EUCA_TOKEN"')
    for kind, content in about.get("requestBody", {}).get("content", {}).items():
        words.append(f'-H "Content-Type: {kind}"')
        example = next(iter(content["examples"].values()))["value"]
        words.append(f"-d {shlex.quote(json.dumps(example))}" if kind == "application/json" else "--data-binary @FILE")
    return " ".join([*words, f'"$EUCA_URL{path}"'])


def _answers(document: Mapping[str, Any], responses: Mapping[str, Mapping[str, Any]]) -> str:
    rows, shown = [], ""
    for status, given in sorted(responses.items()):
        name = given.get("$ref", "").rpartition("/")[2]
        answer = document["components"]["responses"][name] if name else given
        rows.append(f"<tr><td>{escape(status)}</td><td>{_marked(answer['description'])}</td></tr>")
        for content in answer.get("content", {}).values() if status.startswith("2") else ():
            value = next(iter(content["examples"].values()))["value"]
            shown = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    return (f"<pre>{escape(shown)}</pre>" if shown else "") + f"<table>{''.join(rows)}</table>"


def _text(markdown: str) -> str:
    """Write paragraphs and lists of the little Markdown that descriptions are written in."""
    parts = []
    for block in markdown.split("\n\n"):
        if block.startswith("* "):
            items = [" ".join(item.split()) for item in block.removeprefix("* ").split("\n* ")]
            parts.append("<ul>" + "".join(f"<li>{_marked(item)}</li>" for item in items) + "</ul>")
        elif block.strip():
            parts.append(f"<p>{_marked(block)}</p>")
    return "".join(parts)


def _marked(text: str) -> str:
    marked = escape(text)
    for pattern, replacement in _MARKS:
        marked = pattern.sub(replacement, marked)
    return _EMPHASIS.sub(r"<em>\1</em>", marked)
