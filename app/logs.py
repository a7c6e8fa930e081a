"""Logging of a server: one line a record on stderr, with the request, instance and host it belongs to.

Messages are constants and data stands in fields (`extra={"fields": {...}}`). The trap: guests, clients and error
texts of others end up in records, so line breaks and control characters are escaped, and a field whose name
says that it is a secret is not shown.
"""

import logging
import os
import re
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TextIO

_CONTEXT: ContextVar[Mapping[str, str] | None] = ContextVar("log_context", default=None)
_SECRET = re.compile(
    r"secret|password|passwd|token|private|signature|credential|user_data|authorization", re.IGNORECASE
)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_PLAIN = re.compile(r"[^\s\"=]+")
# sd-daemon(3): journald takes the priority from such a prefix.
_PRIORITY = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6), (logging.NOTSET, 7))


@contextmanager
def context(**fields: str) -> Iterator[None]:
    """Add fields (request, instance, host) to every record logged inside, in this task and those it starts."""
    token = _CONTEXT.set({**(_CONTEXT.get() or {}), **fields})
    try:
        yield
    finally:
        _CONTEXT.reset(token)


class _WithContext(logging.Filter):
    """Keeps the context of the place that logged; a handler may run elsewhere."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.context = dict(_CONTEXT.get() or {})
        return True


class LineFormatter(logging.Formatter):
    """`2011-02-09T12:00:00.000Z INFO app.reconcile.loop: message key=value`, or without the time for journald."""

    def __init__(self, journald: bool) -> None:
        super().__init__()
        self.journald = journald

    def format(self, record: logging.LogRecord) -> str:
        own = getattr(record, "fields", {})
        fields = {**getattr(record, "context", {}), **own}
        shown = "".join(f" {name}={_shown(name, value)}" for name, value in fields.items())
        line = f"{record.levelname} {record.name}: {_one_line(record.getMessage())}{shown}"
        if record.exc_info:
            line += f" exception={_quoted(self.formatException(record.exc_info))}"
        return self._prefix(record) + line

    def _prefix(self, record: logging.LogRecord) -> str:
        if self.journald:
            return f"<{next(priority for level, priority in _PRIORITY if record.levelno >= level)}>"
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        return f"{at}.{int(record.msecs):03d}Z "


def _shown(name: str, value: object) -> str:
    return "(hidden)" if _SECRET.search(name) else _quoted(str(value))


def _quoted(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return _one_line(text)
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{_one_line(escaped)}"'


def _one_line(text: str) -> str:
    return _UNPRINTABLE.sub(lambda found: repr(found.group())[1:-1], text)


def set_up(level: str, stream: TextIO | None = None, environ: Mapping[str, str] | None = None) -> None:
    """Send records of `level` and above to `stream` (stderr); may be called again, the last call counts.

    Under systemd (JOURNAL_STREAM is set) lines carry journald's priority instead of a time.
    """
    where = os.environ if environ is None else environ
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.addFilter(_WithContext())
    handler.setFormatter(LineFormatter(journald="JOURNAL_STREAM" in where))
    root = logging.getLogger()
    for old in [known for known in root.handlers if isinstance(known.formatter, LineFormatter)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for noisy in ("httpx", "httpcore", "botocore", "asyncio", "uvicorn"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(True)
