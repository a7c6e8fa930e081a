"""A cloud in memory behind HTTP itself: the console under test uses its real client on this transport.

It keeps a journal like the real one: what changes goes to every open stream, and a stream that comes back
gets what it missed, or `gap` when that was forgotten. `commands` are what its audit was told of each change.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import unquote

import httpx
import msgspec

from app.api import resources as api
from app.api.events import Beat, Removed
from app.api.host_pages import DefinitionView, HereBecauseView
from app.api.loads import InstanceLoads, Loads
from app.api.problems import Problem
from app.api.why import WhyView
from app.client.holding_calls import PATHS
from app.tui.store import LATER
from tests.tui.fake_jobs import FakeJobs
from tests.tui.fake_parts import FakeParts
from tests.tui.fake_past import FakePast
from tests.tui.fake_rules import FakeRules
from tests.tui.loads import a_chart, the_instance_loads, the_loads
from tests.tui.views import LOST_GATEWAY, NOW_MS, a_cluster, a_host, a_type, an_event, an_image, an_instance

Answer = tuple[int, Any]
ONLY_ASKED = ("/check", "/compare", "/hanging", "/rehearse", "/try")


class FakeCloud:
    """`down` makes every connection fail, while `speaks` is not set nobody is answered; `asked` lists requests."""

    def __init__(self, role: str = "admin", cursor: int = 2) -> None:
        self.down = False
        self.speaks = asyncio.Event()
        self.speaks.set()
        self.role = role
        self.name = "lab"
        self.now_ms = NOW_MS
        self.rehearsal = True
        self.asked: list[str] = []
        self.keys: list[str] = []
        self.commands: list[str] = []
        self.bodies: list[Any] = []
        self.refusals: dict[str, Problem] = {}
        self.trouble: list[str] = []
        self.because: dict[str, str] = {}
        """Why instances are where they are."""
        self.domains: dict[str, str] = {}
        self.output_text = "Linux version 6.1\r\nweb01 login: "
        self.clusters = [a_cluster("cc-01"), a_cluster("cc-02", hosts_up=2, **LOST_GATEWAY)]
        self.types = [a_type("m1.small"), a_type("c1.medium", cores=2, memory_mib=512, free=0, most=12)]
        self.hosts = {f"node0{n}": a_host(f"node0{n}", cluster=f"cc-0{1 + n // 4}") for n in range(1, 7)}
        self.instances = {view.id: view for view in (an_instance(n, name=f"web{n}") for n in range(1, 6))}
        self.images = [an_image(1), an_image(2, kind="kernel", id="eki-00000000000000002", name="vmlinuz")]
        self.events = [an_event(1, "node01 joined"), an_event(2, "i-00000000000000001 running on node03")]
        self.held: dict[str, dict[str, Any]] = {PATHS[kind]: {} for kind in LATER}
        """What accounts hold, by collection and id; `holdings.py` has some."""
        self.slow: asyncio.Event | None = None
        """Set, what accounts hold is answered only once it is."""
        self.offers_undo = False
        self.past: list[api.EventView] = []
        self.audit: list[api.AuditView] = []
        self.jobs = FakeJobs(self)
        self.rules = FakeRules()
        self.before = FakePast()
        self.whys: dict[str, WhyView] = {}
        self.parts = FakeParts(self)
        self.confirmed: list[str] = []
        self.ponders: asyncio.Event | None = None
        """Set, what hangs on things is answered only once it is."""
        self.journal: list[tuple[int, str, bytes]] = []
        self.forgotten = 0
        self.sensing = False
        self.charted: list[str] = []
        self._cursor = cursor
        self._streams: set[_Stream] = set()

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    # --- what happens in the cloud

    def change(self, kind: str, view: Any) -> None:
        """Change a thing; every stream hears of it."""
        if kind == "instance":
            self.instances[view.id] = view
        elif kind == "host":
            self.hosts[view.name] = view
        elif kind == "job":
            self.jobs.views[view.id] = view
        self._note(kind, view)

    def remove_instance(self, given: str) -> None:
        del self.instances[given]
        self.remove("instance", given)

    def remove(self, kind: str, given: str) -> None:
        """Let a thing go; every stream hears of it."""
        self.held.get(PATHS[kind], {}).pop(given, None)
        self._note("removed", Removed(kind=kind, id=given))

    def beat(self) -> None:
        for stream in self._streams:
            stream.say(
                "heartbeat", self._cursor, msgspec.json.encode(Beat(cursor=str(self._cursor), at_ms=self.now_ms))
            )

    def fall(self) -> None:
        """Go away: streams break, nobody is answered."""
        self.down = True
        for stream in list(self._streams):
            stream.cut()

    def rise(self) -> None:
        self.down = False

    def forget(self) -> None:
        """Drop the journal, so that whoever comes back gets `gap`."""
        self.forgotten = self._cursor + 1
        self._cursor += 1

    @property
    def cursor(self) -> int:
        return self._cursor

    @property
    def listeners(self) -> int:
        return len(self._streams)

    def _note(self, kind: str, data: Any) -> None:
        self._cursor += 1
        entry = (self._cursor, kind, msgspec.json.encode(data))
        self.journal.append(entry)
        for stream in self._streams:
            stream.say(kind, entry[0], entry[2])

    # --- HTTP

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("Connection refused", request=request)
        await self.speaks.wait()
        path = unquote(request.url.path)
        if path == "/healthz":
            return httpx.Response(200, text="ok")
        path = path.removeprefix("/api/v1")
        if path == "/stream":
            return self._stream(request)
        if path.startswith("/past"):
            return await self.before.answer(request, path)
        return await self.reply(request, path)

    async def reply(self, request: httpx.Request, path: str) -> httpx.Response:
        """Answer a request for what is below /api/v1."""
        self.asked.append(f"{request.method} {path}")
        if request.method != "GET" and not path.endswith(ONLY_ASKED):
            self.commands.append(request.headers.get("Euca-Command", ""))
        if request.method in {"POST", "PUT"} and path != "/hanging":  # that is a question
            self.keys.append(request.headers.get("Idempotency-Key", ""))
            self.bodies.append(msgspec.json.decode(request.content) if request.content else None)
        self.confirmed += request.headers.get_list("If-Match")
        if self.ponders is not None and path == "/hanging":
            await self.ponders.wait()
        if self.slow is not None and path.strip("/") in self.held:
            await self.slow.wait()
        if f"{request.method} {path}" in self.refusals:
            problem = self.refusals[f"{request.method} {path}"]
            return httpx.Response(problem.status, content=msgspec.json.encode(problem))
        charted = path.endswith("/chart")
        status, body = (200, self._chart(request, path)) if charted else self._resource(request, path)
        number = {"X-Undo": str(len(self.asked))} if self.jobs.undoable or self.offers_undo else {}
        return httpx.Response(status, headers=number, content=msgspec.json.encode(body))

    def _resource(self, request: httpx.Request, path: str) -> Answer:
        fixed: dict[str, Callable[[], Any]] = {
            "GET /me": lambda: api.Me(user="ana", account_id="000000000001", role=self.role),
            "GET /overview": self._overview,
            "GET /hosts": lambda: self.page(list(self.hosts.values())),
            "GET /events": lambda: self.page(self._told(request)),
            "GET /audit": lambda: self.page(self._audited(request)),
            "GET /images": lambda: self.page(self.images),
        }
        made = fixed.get(f"{request.method} {path}")
        if made:
            return 200, made()
        parts: tuple[tuple[tuple[str, ...], Callable[[httpx.Request, str], Answer]], ...] = (
            (("/jobs", "/audit/", "/instances/tags"), self.jobs.answer),
            (("/rulesets",), self.rules.answer),
            (("/instances",), self._instances),
            (("/hosts/",), self._host),
        )
        for begins, answer in parts:
            if path.startswith(begins):
                return answer(request, path)
        if self.parts.answers(request.method, path):
            return self.parts.answer(request, path)
        collection, _, given = path.strip("/").partition("/")
        if collection in self.held:
            return self._holding(request.method, collection, given)
        return 404, Problem(type="missing", title="Missing", status=404, detail=f"no such path: {path}")

    def _told(self, request: httpx.Request) -> list[api.EventView]:
        about, after = request.url.params.get("about", ""), int(request.url.params.get("after", 0))
        known = [view for view in [*self.past, *self.events] if int(view.cursor) > after]
        return [view for view in known if about in ("", view.resource_id)]

    def _audited(self, request: httpx.Request) -> list[Any]:
        after = int(request.url.params.get("after", 0))
        return [view for view in self.audit if view.number > after]

    def _holding(self, method: str, collection: str, given: str) -> Answer:
        if not given:
            return 200, self.page(list(self.held[collection].values()))
        if method == "DELETE":
            kind = next((kind for kind, path in PATHS.items() if path == collection), "")
            self.held[collection].pop(given, None)
            if kind:
                self.remove(kind, given)
            return 204, None
        return 200, self.held[collection][given.partition("/")[0]]

    def _instances(self, request: httpx.Request, path: str) -> Answer:
        if path == "/instances/actions":
            return 200, self.act(msgspec.json.decode(request.content, type=api.ActOnInstances))
        if path == "/instances" and request.method == "POST":
            return 201, self._launch(msgspec.json.decode(request.content, type=api.LaunchInstances))
        if path == "/instances":
            return 200, self._paged(request)
        _, _, given, *rest = path.split("/")
        return 200, self._about(given, rest)

    def _about(self, given: str, rest: list[str]) -> Any:
        if rest == ["output"]:
            return api.ConsoleOutput(instance_id=given, at_ms=NOW_MS, text=self.output_text)
        if rest == ["definition"]:
            xml = self.domains.get(given, f"<domain>\n  <name>{given}</name>\n</domain>")
            return DefinitionView(instance_id=given, host=self.instances[given].host, at_ms=NOW_MS, xml=xml)
        if rest == ["why"]:
            return self.whys[given]
        return self.page([api.DecisionView(at_ms=NOW_MS, host="node03", reasons=["least loaded of 5"])])

    def _paged(self, request: httpx.Request) -> api.Collection[Any]:
        start, limit = int(request.url.params.get("after", 0)), int(request.url.params["limit"])
        field, _, value = request.url.params.get("filter", "").partition("=")
        there = [view for view in self.instances.values() if not field or getattr(view, field) == value]
        found, more = there[start : start + limit], start + limit < len(there)
        return api.Collection(items=found, cursor=str(self._cursor), next=str(start + limit) if more else None)

    def _launch(self, body: api.LaunchInstances) -> api.Collection[Any]:
        first = 0x100 + len(self.instances)
        views = [
            an_instance(first + n, state="pending", image_id=body.image_id, vmtype=body.vmtype, launched_at_ms=NOW_MS)
            for n in range(body.count)
        ]
        for view in views:
            self.change("instance", view)
        return self.page(views)

    def act(self, body: api.ActOnInstances) -> api.Collection[Any]:
        state = {"terminate": "shutting-down", "stop": "stopping", "start": "pending", "reboot": "running"}[body.action]
        views = [msgspec.structs.replace(self.instances[given], state=state) for given in body.ids]
        for view in views:
            self.change("instance", view)
        return self.page(views)

    def _host(self, request: httpx.Request, path: str) -> Answer:
        _, _, name, *rest = path.split("/")
        if rest == ["reasons"]:
            lines = self.because.items()
            views = [HereBecauseView(instance_id=one, at_ms=NOW_MS, kind="placed", text=text) for one, text in lines]
            return 200, self.page(views)
        told: dict[str, dict[str, Any]] = {
            "drain": {"wanted": "draining"},
            "undrain": {"wanted": "enabled"},
            "sleep": {"power_wanted": "asleep", "power": "asleep", "state": "lost"},
            "wake": {"power_wanted": "on", "power": "on", "state": "up"},
            "fence": {"fenced": True},
        }
        view = msgspec.structs.replace(self.hosts[name], **(told[rest[0]] if rest else {"wanted": "removed"}))
        self.change("host", view)
        return 200, view

    def _chart(self, request: httpx.Request, path: str) -> Any:
        _, kind, given, _ = path.split("/")
        self.charted.append(f"{kind.removesuffix('s')}/{given}")
        return a_chart(given, int(request.url.params["from"]), int(request.url.params["to"]), known=self.sensing)

    def sense(self) -> None:
        """Tell every stream what everything does."""
        for stream in self._streams:
            self._tell_loads(stream)

    def tell(self, hosts: Loads, instances: InstanceLoads) -> None:
        """Tell every stream these loads."""
        for kind, told in (("load", hosts), ("instance-load", instances)):
            data = msgspec.json.encode(told)
            for stream in self._streams:
                stream.say(kind, None, data)

    def _tell_loads(self, stream: "_Stream") -> None:
        hosts = [view for view in self.hosts.values() if view.state == "up"]
        running = [given for given, view in self.instances.items() if view.state == "running"]
        stream.say("load", None, msgspec.json.encode(the_loads(hosts)))
        stream.say("instance-load", None, msgspec.json.encode(the_instance_loads(running)))

    def page(self, items: list[Any]) -> api.Collection[Any]:
        return api.Collection(items=items, cursor=str(self._cursor))

    def _overview(self) -> api.Overview:
        return api.Overview(
            name=self.name,
            version="0.1",
            rehearsal=self.rehearsal,
            clusters=self.clusters,
            types=self.types,
            instances_by_state=dict(Counter(view.state for view in self.instances.values())),
            hosts_by_state=dict(Counter(view.state for view in self.hosts.values())),
            trouble=self.trouble,
            events=self.events,
            cursor=str(self._cursor),
            hosts_asleep=sum(view.power == "asleep" for view in self.hosts.values()),
            rooms=[
                api.ClusterRoom(cluster=cluster.name, vmtype=one.name, free=one.free // 2, most=one.most // 2)
                for cluster in self.clusters
                for one in self.types
            ],
        )

    def _stream(self, request: httpx.Request) -> httpx.Response:
        after = int(request.headers.get("Last-Event-ID") or request.url.params["after"])
        stream = _Stream(self._streams)
        if after < self.forgotten:
            stream.say("gap", self._cursor, msgspec.json.encode(Beat(cursor=str(self._cursor), at_ms=NOW_MS)))
        else:
            for cursor, kind, data in self.journal:
                if cursor > after:
                    stream.say(kind, cursor, data)
            if self.sensing:
                self._tell_loads(stream)
        return httpx.Response(200, headers={"Content-Type": "text/event-stream"}, stream=stream)


class _Stream(httpx.AsyncByteStream):
    def __init__(self, open_ones: "set[_Stream]") -> None:
        self._open_ones = open_ones
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        open_ones.add(self)

    def say(self, kind: str, cursor: int | None, data: bytes) -> None:
        head = b"" if cursor is None else b"id: %d\n" % cursor
        self._queue.put_nowait(b"%sevent: %s\ndata: %s\n\n" % (head, kind.encode(), data))

    def cut(self) -> None:
        self._queue.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (chunk := await self._queue.get()) is not None:
            yield chunk
        raise httpx.ReadError("connection reset")

    async def aclose(self) -> None:
        self._open_ones.discard(self)
