"""What can be done to hosts, for their list and for the page of one; both say which hosts are meant."""

from app.api.resources import HostView
from app.client import calls
from app.tui import looks
from app.tui.actions import named
from app.tui.scene import counted
from app.tui.screens.frame import ConsoleScreen
from app.tui.widgets.confirm import Confirm, Question

_ASLEEP = "asleep"


class HostActions(ConsoleScreen):
    """Needs `meant`."""

    def meant(self) -> list[str]:
        """Return the names of the hosts that an action is meant for."""
        return []

    def drain(self) -> None:
        names = self.meant()
        self.send([calls.drain_host(name) for name in names], self._take, f"draining {_what(names)}; u undoes it")

    def undrain(self) -> None:
        names = self.meant()
        self.send([calls.undrain_host(name) for name in names], self._take, f"{_what(names)} may take instances again")

    def sleep_or_wake(self) -> None:
        """Wake those that sleep; where none does, let all sleep."""
        hosts = self.session.copy.hosts
        names = self.meant()
        asleep = [name for name in names if name in hosts and hosts[name].power_wanted == _ASLEEP]
        if asleep:
            self.send([calls.wake_host(name) for name in asleep], self._take, f"waking {_what(asleep)}")
        elif names:
            self.send(
                [calls.sleep_host(name) for name in names], self._take, f"{_what(names)} may sleep; o wakes again"
            )

    def fence(self) -> None:
        """Ask whether the hosts are really off, and say so to the cloud."""
        hosts = self.session.copy.hosts
        names = [name for name in self.meant() if name in hosts and hosts[name].state == "lost"]
        if not names:
            self.say("fence: only a host that is lost can be meant", bad=True)
            return
        action = named("hosts.fence")
        question = Question(
            action=action,
            ids=names,
            facts=[self.fact(name) for name in names],
            warning="Make sure that they are switched off: else an instance may run twice and spoil its disks.",
            things="hosts",
        )

        def answered(sure: bool | None) -> None:
            refusal = self.session.refusal(action)
            if sure and refusal:
                self.say(refusal, bad=True)
            elif sure:
                self.send([calls.fence_host(name) for name in names], self._take, f"{_what(names)} counts as off")

        self.app.push_screen(Confirm(question), answered)

    def fact(self, name: str) -> str:
        """Say in a line what hangs on a host, for questions."""
        view = self.session.copy.hosts.get(name)
        scene = self.session.scene()
        return scene.plain(
            f"{name}  {looks.of_host(view).text(scene)}  {counted(view.instances, 'instance')}" if view else name
        )

    def _take(self, view: HostView) -> None:
        self.session.copy.put("host", view)


def _what(names: list[str]) -> str:
    return names[0] if len(names) == 1 else counted(len(names), "host")
