"""The web server of the console: a login page, and behind it a terminal whose other end is a visitor's process.

Nothing but the login page is answered without a session, whose name is in a cookie that no script reads and no other
site sends. The traps: a WebSocket ignores the rule of the same origin, so Origin is looked at here; and a name that
somebody lets point at this machine is refused by Host.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from litestar import Litestar, MediaType, Request, Response, WebSocket, get, post, websocket
from litestar.datastructures import Cookie, State
from litestar.response import Redirect

from app.client import calls, token_calls
from app.client.errors import ClientError, Refused, Unauthorized
from app.client.http import Cloud
from app.client.signing import SignedByKey
from app.web.pages import HEADERS, console_page, login_page, static_file
from app.web.sessions import LASTS_S, Session, Sessions
from app.web.visitor import Visitor, a_visitor

COOKIE = "euca_console"
COMMAND = "euca console --web"
MOST_VISITORS = 8
MOST_BODY_BYTES = 4096
MOST_MESSAGE_BYTES = 64 * 1024
WRONG_S = 1.0
"""How long a wrong login waits for its answer; one login is looked at at a time."""
TOO_MANY = 1013
AnyRequest = Request[Any, Any, State]
Socket = WebSocket[Any, Any, State]


@dataclass(slots=True, kw_only=True)
class Web:
    """What the handlers share. `origins` are the addresses that browsers may come by, `flags` go to each console."""

    cloud_url: str
    origins: frozenset[str]
    flags: Sequence[str]
    sessions: Sessions
    one_login: asyncio.Lock
    visitors: int = 0

    def origin(self, host: str) -> str:
        """Return the origin that a Host header stands for; empty if it is none of ours."""
        return next((one for one in self.origins if one.partition("://")[2] == host), "")


def create_web(cloud_url: str, origins: Sequence[str], flags: Sequence[str]) -> Litestar:
    """Make the application; `origins` look like http://127.0.0.1:8080."""
    web = Web(
        cloud_url=cloud_url,
        origins=frozenset(origins),
        flags=flags,
        sessions=Sessions(time.monotonic),
        one_login=asyncio.Lock(),
    )
    return Litestar(
        route_handlers=[index, log_in, log_out, static, terminal],
        openapi_config=None,
        request_max_body_size=MOST_BODY_BYTES,
        state=State({"web": web}),
        logging_config=None,
        debug=False,
    )


@get("/")
async def index(request: AnyRequest) -> Response[str]:
    web: Web = request.app.state.web
    origin = web.origin(request.headers.get("host", ""))
    if not origin:
        return _text("This is not the address of this console.", 421)
    if _session(web, request) is None:
        return _html(login_page())
    return _html(console_page(f"{origin.replace('http', 'ws', 1)}/ws"))


@post("/login", status_code=200)
async def log_in(request: AnyRequest) -> Response[Any]:
    web: Web = request.app.state.web
    origin = _own_origin(web, request)
    if not origin:
        return _text("A login comes from the login page only.", 403)
    form = await request.form()
    given = {name: str(form.get(name, "")).strip() for name in ("token", "access_key", "secret_key")}
    async with web.one_login:
        token, why = given["token"], ""
        if given["access_key"]:
            token, why = await _token_by_key(web.cloud_url, given["access_key"], given["secret_key"])
        user = ""
        if not why:
            user, why = await _user_of(web.cloud_url, token)
        if not user:
            await asyncio.sleep(WRONG_S)
            return _html(login_page(why), 401)
    name = web.sessions.begin(token, user)
    return Redirect("/", status_code=303, headers=HEADERS, cookies=[_cookie(name, origin, round(LASTS_S))])


@post("/logout", status_code=200)
async def log_out(request: AnyRequest) -> Response[Any]:
    web: Web = request.app.state.web
    origin = _own_origin(web, request)
    if not origin:
        return _text("A logout comes from the console's own page only.", 403)
    web.sessions.end(request.cookies.get(COOKIE, ""))
    return Redirect("/", status_code=303, headers=HEADERS, cookies=[_cookie("", origin, 0)])


@get("/static/{path:path}", sync_to_thread=False)
def static(request: AnyRequest, path: str) -> Response[Any]:
    if _session(request.app.state.web, request) is None:
        return _text("Log in first.", 401)
    found = static_file(path.lstrip("/"))
    if found is None:
        return _text("There is nothing here.", 404)
    content, kind = found
    return Response(content, media_type=kind, headers={**HEADERS, "Cache-Control": "private, max-age=86400"})


@websocket("/ws")
async def terminal(socket: Socket) -> None:
    """Give a logged-in browser a console of its own, for as long as it stays."""
    web: Web = socket.app.state.web
    session = _session(web, socket)
    if session is None or not _own_origin(web, socket, needed=True):
        await socket.close(1008)  # before it was accepted, so it is answered 403
        return
    await socket.accept()
    if web.visitors >= MOST_VISITORS:
        await socket.close(TOO_MANY, f"{MOST_VISITORS} consoles are open already")
        return
    web.visitors += 1
    try:
        async with a_visitor(web.cloud_url, session.token, web.flags, _size(socket)) as visitor:
            await _visit(socket, visitor)
    finally:
        web.visitors -= 1
    with suppress(OSError):
        await socket.close()


async def _visit(socket: Socket, visitor: Visitor) -> None:
    if not await visitor.ready():
        return
    tasks = [asyncio.create_task(_show(socket, visitor)), asyncio.create_task(_hear(socket, visitor))]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _show(socket: Socket, visitor: Visitor) -> None:
    async for picture in visitor.pictures():
        await socket.send({"type": "websocket.send", "bytes": picture, "text": None})


async def _hear(socket: Socket, visitor: Visitor) -> None:
    while True:
        message: Any = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        await _obey(socket, visitor, json.loads(message.get("text") or "null"))


async def _obey(socket: Socket, visitor: Visitor, said: Any) -> None:
    match said:
        case ["stdin", str(text)]:
            await visitor.press(text)
        case ["resize", {"width": int(width), "height": int(height)}] if 0 < width <= 500 and 0 < height <= 500:
            await visitor.tell("resize", width=width, height=height)
        case ["focus" | "blur" as kind, *_]:
            await visitor.tell(kind)
        case ["ping", data]:
            await socket.send({"type": "websocket.send", "bytes": None, "text": json.dumps(["pong", data])})


async def _user_of(cloud_url: str, token: str) -> tuple[str, str]:
    """Ask the cloud whose token this is; if nobody's, say why."""
    if not token or not token.isascii() or not token.isprintable():
        return "", "That is no token."
    try:
        async with Cloud(cloud_url, token) as cloud:
            return (await cloud.send(calls.me())).user, ""
    except Unauthorized:
        return "", "The cloud does not accept this token."
    except ClientError:
        return "", "The cloud does not answer; try again later."


async def _token_by_key(cloud_url: str, access_key_id: str, secret_key: str) -> tuple[str, str]:
    """Get a token for who has an access key; if the cloud gives none, say why."""
    if not (access_key_id.isascii() and access_key_id.isalnum()):
        return "", "That is no access key."
    try:
        async with Cloud(cloud_url, "", command=COMMAND, auth=SignedByKey(access_key_id, secret_key)) as cloud:
            return (await cloud.send(token_calls.log_in())).token, ""
    except Unauthorized:
        return "", "The cloud does not accept this access key."
    except Refused as error:
        return "", error.problem.detail
    except ClientError:
        return "", "The cloud does not answer; try again later."


def _session(web: Web, connection: AnyRequest | Socket) -> Session | None:
    return web.sessions.of(connection.cookies.get(COOKIE, ""))


def _own_origin(web: Web, connection: AnyRequest | Socket, *, needed: bool = False) -> str:
    """Return our origin if the request came from a page of it; programs that name none may log in, too."""
    own, given = web.origin(connection.headers.get("host", "")), connection.headers.get("origin", "")
    return own if given == own or (not given and not needed) else ""


def _size(socket: Socket) -> tuple[int, int]:
    width, height = (_cells(socket.query_params.get(name, "")) for name in ("width", "height"))
    return (width, height) if width and height else (80, 24)


def _cells(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 3 else 0


def _cookie(name: str, origin: str, seconds: int) -> Cookie:
    secure = origin.startswith("https:")
    return Cookie(key=COOKIE, value=name, httponly=True, samesite="strict", secure=secure, path="/", max_age=seconds)


def _html(text: str, status: int = 200) -> Response[str]:
    return Response(text, media_type=MediaType.HTML, status_code=status, headers=HEADERS)


def _text(text: str, status: int) -> Response[str]:
    return Response(text, media_type=MediaType.TEXT, status_code=status, headers=HEADERS)
