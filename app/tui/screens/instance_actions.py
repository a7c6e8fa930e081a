"""What can be done to instances, for the list and for the page of one; both say which instances are meant."""

from app.api.resources import ActOnInstances, Collection, InstanceView
from app.client import calls
from app.tui import looks
from app.tui.actions import Action, Danger, named
from app.tui.scene import mib
from app.tui.screens.frame import ConsoleScreen
from app.tui.widgets.confirm import Confirm, Question

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
            self.console_app.open_output(targets[0].id)

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
            facts=[self.fact(view) for view in targets],
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

    def fact(self, view: InstanceView) -> str:
        """Say in a line what an instance is."""
        scene = self.session.scene()
        look = looks.of_instance(view).text(scene)
        name = f"  {view.name}" if view.name else ""
        return scene.plain(
            f"{view.id}{name}  {look} on {view.host or scene.dash}  {view.vmtype}, {mib(view.memory_mib)}"
        )
