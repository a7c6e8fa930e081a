"""Texts of rules that somebody works on: kept for as long as the console runs, wherever one goes meanwhile."""

from dataclasses import dataclass

from app.api.rulesets import RulesetView

NEW = "new"
NEW_TEXT = 'rule capacity {\n  require host.mem.free >= vm.mem\n}\npolicy mine "default" {\n  use capacity\n}\n'


@dataclass(slots=True)
class Draft:
    """`source` is the version that `kept` is the text of (NEW: of none); `text` is what stands in the editor."""

    source: str
    name: str
    policy: str
    kept: str
    text: str

    @property
    def changed(self) -> bool:
        return self.text != self.kept

    def settle(self, view: RulesetView) -> None:
        """Note that the text is a version now."""
        self.source, self.name, self.policy, self.kept = view.id, view.name, view.policy, view.text


def of_version(view: RulesetView) -> Draft:
    return Draft(source=view.id, name=view.name, policy=view.policy, kept=view.text, text=view.text)


def of_nothing() -> Draft:
    return Draft(source=NEW, name="rules", policy="", kept=NEW_TEXT, text=NEW_TEXT)
