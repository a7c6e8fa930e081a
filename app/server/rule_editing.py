"""REST for whoever edits rules: the words of the language, and a text beside what is active."""

import asyncio

from litestar import Controller, get, post

from app.api.remapping import TriedLaunchView, TriedView, TryRules
from app.api.rulesets import CompareRules, DiffView, LanguageView, WordView
from app.domain.account import Role
from app.domain.errors import Invalid
from app.domain.ports import Unit
from app.rules.catalogue import FUNCTIONS, SENSORS
from app.rules.comparing import compare
from app.rules.grammar import KEYWORDS
from app.rules.quantities import UNITS
from app.server.desk import At, needs
from app.server.orders import Trial, Tried
from app.server.rehearsals import rules_of
from app.services import rule_texts, rulesets, yesterday
from app.services.yesterday import Past

_MORE_WORDS = ("place", "enforce", "observe", "on", "off", "true", "false")
_TEXT = "text"
_TRIED = needs(Role.VIEWER, 502, 504)
MOST_HOURS = 168
MOST_SHOWN = 100


class RuleEditingController(Controller):
    path = "/rulesets"
    tags = ("rules",)
    opt = needs(Role.VIEWER)

    @get("/language", operation_id="GetRuleLanguage", summary="The words of the rule language, for editors")
    async def language(self) -> LanguageView:
        return LanguageView(
            keywords=[*KEYWORDS.split(), *_MORE_WORDS],
            names=[WordView(name=sensor.name, meaning=sensor.meaning) for sensor in SENSORS.values()],
            functions=[
                WordView(name=each.name, meaning=f"{each.example}: {each.meaning}") for each in FUNCTIONS.values()
            ],
            units=list(UNITS),
            built_in=list(rulesets.BUILT_IN),
        )

    @post(
        "/try",
        operation_id="TryRules",
        summary="What rules would have done with past launches",
        opt=_TRIED,
        status_code=200,
    )
    async def tried(self, desk: At, data: TryRules) -> TriedView:
        if not 0 < data.hours <= MOST_HOURS:
            raise Invalid("hours", data.hours, f"It is more than 0 and at most {MOST_HOURS}.")
        policy = (await asyncio.to_thread(rule_texts.draft, "rules", {"rules": data.text}, data.policy)).policy
        since_ms = desk.cloud.clock.now_ms() - int(data.hours * 3_600_000)
        past = await desk.read(lambda unit: yesterday.remembered(unit, since_ms))
        found = await desk.cloud.rehearsals.trials.take(Trial(text=data.text, policy=policy, past=past))
        return _tried_view(found, past, policy, since_ms)

    @post("/compare", operation_id="CompareRules", summary="A text compared with a version", status_code=200)
    async def compare(self, desk: At, data: CompareRules) -> DiffView:
        def other(unit: Unit) -> tuple[str, str]:
            against = data.against or rulesets.active_id(unit)
            return against, rules_of(unit, against)[0]

        if len(data.text) > rule_texts.MOST_CHARACTERS:
            most = rule_texts.MOST_CHARACTERS
            raise Invalid(_TEXT, f"{len(data.text)} characters", f"Rules have at most {most} characters.")
        old, text = await desk.read(other)
        found = await asyncio.to_thread(compare, (old, text), (_TEXT, data.text))
        return DiffView(
            old=old,
            new=_TEXT,
            lines=found.lines,
            added=list(found.added),
            changed=list(found.changed),
            removed=list(found.removed),
        )


def _tried_view(found: Tried, past: Past, policy: str, since_ms: int) -> TriedView:
    taken = found.taken
    return TriedView(
        since_ms=since_ms,
        policy=policy,
        launches=len(taken),
        same=sum(each.would == each.host for each in taken),
        elsewhere=sum(bool(each.would) and each.would != each.host for each in taken),
        refused=sum(not each.would for each in taken),
        left_out=past.left_out,
        shown=[
            TriedLaunchView(
                instance=each.instance_id, at_ms=each.at_ms, host=each.host, would=each.would, why=list(each.why)
            )
            for each in yesterday.differing(taken)[:MOST_SHOWN]
        ],
        assumed=found.assumed,
    )
