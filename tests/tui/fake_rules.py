"""The rules of the cloud in memory: read by the real reader, rehearsed as a test says."""

from collections.abc import Callable
from typing import Any

import httpx
import msgspec

from app.api import remapping, rulesets
from app.api.problems import Problem
from app.api.resources import Collection
from app.rules.catalogue import FUNCTIONS, SENSORS
from app.rules.comparing import compare
from app.rules.grammar import KEYWORDS
from app.rules.reading import read
from app.server.rule_views import fault_view
from tests.tui.views import NOW_MS

Answer = tuple[int, Any]
DAY = """# By day the idle hosts first.
rule capacity "memory is never overcommitted" {
  require host.mem.free >= vm.mem
  forbid  host.state in ["down", "lost"] || host.maintenance
}
rule spread {
  prefer host.cpu.cores - host.cpu.load weight 3
}
policy day "default" {
  use capacity
  use spread
  remap every 60s
}
"""
NOTHING = remapping.PlanView(moves=[], restarts=[], powers=[], alerts=[], refused=[], observed=[], by_rule={})


def a_move(number: int = 1, **changes: Any) -> remapping.MoveView:
    view = remapping.MoveView(
        instance=f"i-{number:017x}",
        source="node03",
        target=f"node0{number}",
        why="spread: when host.cpu.load > 5 migrate vm by vm.cpu.used",
        gain=0.21,
        downtime_s=0.4,
    )
    return msgspec.structs.replace(view, **changes)


class FakeRules:
    """`plan` is what every rehearsal finds; `overtaken` says why applying is refused."""

    def __init__(self) -> None:
        self.versions: dict[str, rulesets.RulesetView] = {}
        self.active, self.before = "rules-1", "GREEDY"
        self.plan = NOTHING
        self.overtaken = ""
        self.checks = 0
        self.keep(DAY, "day", "day")
        self.versions["rules-1"] = msgspec.structs.replace(self.versions["rules-1"], active=True)

    def keep(self, text: str, name: str, policy: str) -> rulesets.RulesetView:
        number = len(self.versions) + 1
        view = rulesets.RulesetView(
            id=f"rules-{number}",
            number=number,
            name=name,
            policy=policy,
            author="ana",
            created_at_ms=NOW_MS - 3_600_000,
            sha256="",
            active=False,
            text=text,
        )
        self.versions[view.id] = view
        return view

    def answer(self, request: httpx.Request, path: str) -> Answer:
        """Answer what is below /rulesets."""
        name = path.removeprefix("/rulesets").strip("/")
        body = msgspec.json.decode(request.content) if request.content else {}
        asked = f"{request.method} {name}"
        if asked == "GET ":
            return 200, Collection(items=list(self.versions.values()), cursor="2")
        made: dict[str, Callable[[], Any]] = {
            "GET active": self._active,
            "GET language": _language,
            "POST check": lambda: self._check(body["text"]),
            "POST compare": lambda: self._compare(body["text"]),
            "POST rehearse": self._rehearsal,
            "POST try": _tried,
            "POST ": lambda: self.keep(body["text"], body["name"], body["policy"]),
            "POST rollback": lambda: self._activate(self.before),
        }
        if asked in made:
            return 200, made[asked]()
        if asked.endswith("/apply"):
            return self._apply(request, name.removesuffix("/apply"))
        return 200, self.versions[name]

    def _apply(self, request: httpx.Request, name: str) -> Answer:
        if self.overtaken or request.url.params.get("rehearsed") != "abc":
            problem = Problem(type="conflict", title="Conflict", status=409, detail=self.overtaken or "not rehearsed")
            return 409, problem
        return 200, self._activate(name)

    def _activate(self, name: str) -> rulesets.ActiveView:
        self.active, self.before = name, self.active
        for given, view in self.versions.items():
            self.versions[given] = msgspec.structs.replace(view, active=given == name)
        return self._active()

    def _active(self) -> rulesets.ActiveView:
        kept = self.versions.get(self.active)
        return rulesets.ActiveView(id=self.active, policy=kept.policy if kept else self.active)

    def _check(self, text: str) -> rulesets.CheckedView:
        self.checks += 1
        found = read(text, "rules")
        return rulesets.CheckedView(
            sound=found.sound,
            rules=list(found.ruleset.rules),
            policies=list(found.ruleset.policies),
            faults=[fault_view(fault) for fault in found.faults],
        )

    def _compare(self, text: str) -> rulesets.DiffView:
        kept = self.versions.get(self.active)
        found = compare((self.active, kept.text if kept else ""), ("text", text))
        return rulesets.DiffView(
            old=self.active,
            new="text",
            lines=found.lines,
            added=list(found.added),
            changed=list(found.changed),
            removed=list(found.removed),
        )

    def _rehearsal(self) -> remapping.RehearsalView:
        return remapping.RehearsalView(
            policy="day",
            plan=self.plan,
            hosts_on_before=6,
            hosts_on_after=5,
            watts_before=900.0,
            watts_after=760.0,
            rehearsed="abc",
            at_ms=NOW_MS,
            valid_s=60.0,
            busiest_before=remapping.BusiestView(host="node03", share=0.91),
            busiest_after=remapping.BusiestView(host="node01", share=0.74),
            never_matched=["gpu"],
            warnings=[],
        )


def _language() -> rulesets.LanguageView:
    return rulesets.LanguageView(
        keywords=KEYWORDS.split(),
        names=[rulesets.WordView(name=name, meaning="") for name in SENSORS],
        functions=[rulesets.WordView(name=name, meaning="") for name in FUNCTIONS],
        units=["GiB"],
        built_in=["GREEDY", "ROUNDROBIN", "POWERSAVE"],
    )


def _tried() -> remapping.TriedView:
    launch = remapping.TriedLaunchView(
        instance="i-00000000000000001",
        at_ms=NOW_MS - 60_000,
        host="node03",
        would="",
        why=["no host takes it: 6 refused by capacity: require host.mem.free >= vm.mem"],
    )
    return remapping.TriedView(
        since_ms=NOW_MS - 86_400_000,
        policy="day",
        launches=42,
        same=37,
        elsewhere=4,
        refused=1,
        left_out=2,
        shown=[launch],
        assumed=["every host was up, switched on and open to new instances"],
    )
