"""Pages and files of the web console, and the headers that keep them to themselves.

The trap: what is shown before the login is the same for everybody and tells nothing of the cloud, not even its name.
"""

import mimetypes
from html import escape
from importlib import resources

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
        "img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with no-referrer browsers would not say where a login comes from
    "Cache-Control": "no-store",
}
_STATIC = ("js/textual.js", "css/xterm.css", "fonts/RobotoMono-VariableFont_wght.ttf")


def login_page(why: str = "") -> str:
    """Form the page that asks for a token or a key; `why` says what was wrong with the last one."""
    return _page("login.html").replace("{why}", escape(why))


def console_page(socket_url: str) -> str:
    return _page("console.html").replace("{socket}", escape(socket_url))


def static_file(path: str) -> tuple[bytes, str] | None:
    """Return a file of the terminal in the page with its type; None for any other path."""
    if path == "js/focus.js":
        return _page("focus.js").encode(), "text/javascript"
    if path not in _STATIC:
        return None
    content = resources.files("textual_serve").joinpath("static", *path.split("/")).read_bytes()
    return content, mimetypes.guess_type(path)[0] or "application/octet-stream"


def _page(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
