"""What can be done to instances, for the list and for the page of one; both say which instances are meant."""

from rich.cells import cell_len

from app.api.resources import ActOnInstances, Collection, InstanceView
from app.client import calls
from app.tui import looks
from app.tui.actions import Action, Danger, named
from app.tui.scene import Scene
from app.tui.screens.frame import ConsoleScreen
from app.tui.widgets.confirm import Confirm, Question

WIDEST = 24
_DONE = {"terminate": "ending", "reboot": "rebooting", "stop": "stopping", "start": "starting"}
_WARNINGS = {"terminate": "All data on their disks is lost. There is no way back.", "stop": "Their disks are kept."}


class InstanceActions(ConsoleScreen):
    """Needs `targets`."""

    def targets(self) -> list[InstanceView]:
        """Return the instances that an action is meant for."""
        return []

    def terminate(self) -> None:
        self._ask("instances.terminate", "terminate")

    def reboot(self) -> None:
        self._ask("instances.reboot", "reboot")

    def stop(self) -> None:
        self._ask("instances.stop", "stop")

    def start(self) -> None:
        self._ask("instances.start", "start")

    def output(self) -> None:
        targets = self.targets()
        if targets:
            self.console_app.open_page("output", targets[0].id)

    def why(self) -> None:
        targets = self.targets()
        if targets:
            self.console_app.open_page("why", targets[0].id)

    def take_instances(self, answer: Collection[InstanceView]) -> None:
        """Show at once what the cloud answered; the stream brings the rest."""
        for view in answer.items:
            self.session.copy.put("instance", view)

    def _ask(self, name: str, verb: str) -> None:
        action, targets = named(name), [view for view in self.targets() if view.state != "terminated"]
        if not targets:
            self.say(f"{action.title}: no instance that could be meant", bad=True)
        elif action.danger <= Danger.REVERSIBLE:
            self._act(action, verb, [view.id for view in targets])
        else:
            self._confirm(action, verb, targets)

    def _confirm(self, action: Action, verb: str, targets: list[InstanceView]) -> None:
        ids = [view.id for view in targets]
        question = Question(
            action=action,
            ids=ids,
            facts=_facts(targets, self.session.scene()),
            warning=_WARNINGS.get(verb, ""),
            things="instances",
        )

        def answered(sure: bool | None) -> None:
            if sure:
                self._act(action, verb, ids)

        self.app.push_screen(Confirm(question), answered)

    def _act(self, action: Action, verb: str, ids: list[str]) -> None:
        refusal = self.session.refusal(action)  # the connection may have gone while the question stood
        if refusal:
            self.say(refusal, bad=True)
            return
        what = ids[0] if len(ids) == 1 else f"{len(ids)} instances"
        call = calls.act(ActOnInstances(action=verb, ids=ids))
        self.send([call], self.take_instances, f"{_DONE[verb]} {what}")


def _facts(views: list[InstanceView], scene: Scene) -> list[str]:
    """Say in a line what each instance is, one below the other."""
    rows = [
        [
            scene.plain(text)
            for text in (view.id, view.name, looks.of_instance(view).text(scene), view.vmtype, view.host or scene.dash)
        ]
        for view in views
    ]
    widths = [min(WIDEST, max(map(cell_len, column))) for column in zip(*rows, strict=True)]
    return [
        "  ".join(scene.fit(text, width) for text, width in zip(row, widths, strict=True) if width).rstrip()
        for row in rows
    ]
