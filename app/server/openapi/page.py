"""The human page of the API: a list of all operations, complete in itself, since a cloud may have no internet."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

_HEAD = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body{{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}}
code{{font-family:ui-monospace,monospace}} td{{padding:.2rem 1rem .2rem 0;vertical-align:top}}
.m{{font-weight:600}}</style></head><body><h1>{title}</h1>
<p>Version {version}. Every request carries <code>Authorization: Bearer TOKEN</code>;
<code>euca credentials</code> shows yours. Errors are problem documents (RFC 9457).
The whole description: <a href="/api/schema/openapi.json">openapi.json</a>.</p>
"""


def page(schema: Mapping[str, Any]) -> str:
    """Write the schema's operations as one HTML page, grouped by tag."""
    info = schema["info"]
    parts = [_HEAD.format(title=escape(info["title"]), version=escape(info["version"]))]
    rows: dict[str, list[str]] = {}
    for tag, row in _rows(schema["paths"]):
        rows.setdefault(tag, []).append(row)
    for tag, lines in sorted(rows.items()):
        parts.append(f"<h2>{escape(tag)}</h2><table>{''.join(lines)}</table>")
    return "".join(parts) + "</body></html>\n"


def _rows(paths: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for path, operations in paths.items():
        for method, operation in operations.items():
            tag = (operation.get("tags") or ["other"])[0]
            summary = escape(operation.get("summary") or "")
            yield (
                tag,
                f'<tr><td class="m"><code>{escape(method.upper())}</code></td>'
                f"<td><code>{escape(path)}</code></td><td>{summary}</td></tr>",
            )
