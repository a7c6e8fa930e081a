"""What a guest has written, put together from answers that each hold the newest of it only.

The trap: an answer begins in the middle of a line, and a guest may have written more than one answer holds since the
one before; then a line says that something is missing.
"""

MOST_LINES = 10_000
MOST_SIGNS = 4_000_000
MISSING = "~~~ it began anew here, or came faster than it was asked for ~~~"
_PROBE = 200
_MOST_TRIES = 64


def continued(known: str, newest: str) -> str:
    """Return what is known after an answer: it is grown by what came, and loses its oldest lines."""
    at = 0 if newest.startswith(known) else _joint(known, newest)
    if at is None:
        return _newest(f"{known}\r\n{MISSING}\r\n{newest}")
    return _newest(known[:at] + newest)


def _joint(known: str, newest: str) -> int | None:
    """Return where in what is known an answer begins; None if nowhere."""
    probe = newest[:_PROBE]
    at = max(0, len(known) - len(newest)) - 1
    for _ in range(_MOST_TRIES):
        at = known.find(probe, at + 1)
        if at < 0 or newest.startswith(known[at:]):
            break
    else:
        at = -1
    return at if at >= 0 else None


def _newest(text: str) -> str:
    text = text[-MOST_SIGNS:]
    return text if text.count("\n") <= MOST_LINES else "\n".join(text.split("\n")[-MOST_LINES:])
