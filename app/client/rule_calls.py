"""Requests about mapping rules: versions, what is active, rehearsals, rounds."""

from app.api import remapping, rulesets
from app.api.resources import Collection
from app.client.calls import Call, at

PLANNED_S = 150.0
TRIED_S = 90.0


def all_versions() -> Call[Collection[rulesets.RulesetView]]:
    return Call(path="/rulesets", answer=Collection[rulesets.RulesetView])


def version(ruleset_id: str) -> Call[rulesets.RulesetView]:
    return Call(path=at("rulesets", ruleset_id), answer=rulesets.RulesetView)


def active() -> Call[rulesets.ActiveView]:
    return Call(path="/rulesets/active", answer=rulesets.ActiveView)


def activations() -> Call[Collection[rulesets.ActivationView]]:
    return Call(path="/rulesets/history", answer=Collection[rulesets.ActivationView])


def add(body: rulesets.AddRuleset) -> Call[rulesets.RulesetView]:
    return Call(method="POST", path="/rulesets", body=body, answer=rulesets.RulesetView)


def apply(ruleset_id: str, rehearsed: str = "") -> Call[rulesets.ActiveView]:
    """Apply; with the name of a rehearsal only if it still tells what would happen."""
    path, query = at("rulesets", ruleset_id, "apply"), {"rehearsed": rehearsed} if rehearsed else {}
    return Call(method="POST", path=path, query=query, answer=rulesets.ActiveView)


def rollback() -> Call[rulesets.ActiveView]:
    return Call(method="POST", path="/rulesets/rollback", answer=rulesets.ActiveView)


def diff(ruleset_id: str, against: str = "") -> Call[rulesets.DiffView]:
    query = {"against": against} if against else {}
    return Call(path=at("rulesets", ruleset_id, "diff"), query=query, answer=rulesets.DiffView)


def rehearse(ruleset_id: str) -> Call[remapping.RehearsalView]:
    path = at("rulesets", ruleset_id, "rehearse")
    return Call(method="POST", path=path, answer=remapping.RehearsalView, timeout_s=PLANNED_S)


def rehearse_text(body: remapping.RehearseText) -> Call[remapping.RehearsalView]:
    path = "/rulesets/rehearse"
    return Call(method="POST", path=path, body=body, answer=remapping.RehearsalView, timeout_s=PLANNED_S)


def try_out(body: remapping.TryRules) -> Call[remapping.TriedView]:
    path = "/rulesets/try"
    return Call(method="POST", path=path, body=body, answer=remapping.TriedView, timeout_s=TRIED_S)


def newest_round() -> Call[remapping.RoundView]:
    return Call(path="/remapping", answer=remapping.RoundView)


def remap() -> Call[None]:
    return Call(method="POST", path="/remapping", answer=None)


def check(text: str) -> Call[rulesets.CheckedView]:
    body = rulesets.CheckRules(text=text)
    return Call(method="POST", path="/rulesets/check", body=body, answer=rulesets.CheckedView)


def compare(text: str, against: str = "") -> Call[rulesets.DiffView]:
    body = rulesets.CompareRules(text=text, against=against)
    return Call(method="POST", path="/rulesets/compare", body=body, answer=rulesets.DiffView)


def language() -> Call[rulesets.LanguageView]:
    return Call(path="/rulesets/language", answer=rulesets.LanguageView)
