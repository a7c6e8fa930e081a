"""What can be done to instances, for the list and for the page of one; both say which instances are meant."""

from dataclasses import replace

from rich.cells import cell_len

from app.api.jobs import JobTargetAsked, TagInstances
from app.api.resources import Collection, InstanceView
from app.client import job_calls
from app.client.errors import ClientError
from app.tui import looks
from app.tui.actions import Action, Danger, named
from app.tui.scene import Scene, counted
from app.tui.screens.job_actions import JobStarting
from app.tui.screens.letting_go import Versions, hung
from app.tui.widgets.confirm import Question
from app.tui.widgets.form import Entry, Form, Values

WIDEST = 24
_UNTAG = "aws ec2 delete-tags --tags Key=KEY --resources {ids}"
_DONE = {"terminate": "ending", "reboot": "rebooting", "stop": "stopping", "start": "starting", "move": "moving"}
_WARNINGS = {"terminate": "All data on {} disks is lost. There is no way back.", "stop": "{} disks are kept."}


class InstanceActions(JobStarting):
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

    def move(self) -> None:
        """Ask where to, then whether it is meant."""
        action, targets = named("instances.move"), [view for view in self.targets() if view.state == "running"]
        if not targets:
            self.say("move: no instance that runs", bad=True)
            return
        scene, here = self.session.scene(), {view.host for view in targets}
        hosts = [
            (
                host.name,
                scene.plain(f"{host.name}  {looks.of_host(host).text(scene)}  {counted(host.instances, 'instance')}"),
            )
            for host in self.session.copy.hosts.values()
            if host.state == "up" and host.wanted == "enabled" and {host.name} != here
        ]
        entries = [Entry(key="host", label="To", choices=[("", "any host of its cluster with room"), *hosts])]

        chosen: list[str] = []

        async def asked(values: Values) -> str:
            chosen.append(values["host"])
            return ""

        def answered(left: None) -> None:
            if chosen:
                self._confirm(action, "move", targets, chosen[0])

        form = Form(f"Move {_what(targets)}", entries, asked, verb="Next", ascii_only=self.session.ascii_only)
        self.app.push_screen(form, answered)

    def tag(self) -> None:
        """Ask which tag, and set it at once: that can be undone."""
        targets = [view for view in self.targets() if view.state != "terminated"]
        if not targets:
            self.say("tag: no instance that could be meant", bad=True)
            return
        entries = [
            Entry(key="name", label="Key", value="Name", check=lambda text: "" if text else "is needed"),
            Entry(key="value", label="Value", value=targets[0].name if len(targets) == 1 else ""),
            Entry(key="do", label="Do", choices=[("set", "set it"), ("remove", "take it away")]),
        ]

        async def asked(values: Values) -> str:
            return await self._tag(targets, values)

        title = f"Tag {_what(targets)}"
        self.app.push_screen(Form(title, entries, asked, verb="Tag", ascii_only=self.session.ascii_only))

    async def _tag(self, targets: list[InstanceView], values: Values) -> str:
        ids, name = [view.id for view in targets], values["name"]
        if values["do"] == "set":
            form, body = named("instances.tag"), TagInstances(ids=ids, tags={name: values["value"]})
        else:
            form, body = replace(named("instances.tag"), command=_UNTAG), TagInstances(ids=ids, remove=[name])
        refusal = self.session.refusal(named("instances.tag"))
        if refusal:
            return refusal
        try:
            call = job_calls.tag(body, form.as_command(ids, KEY=name, VALUE=values["value"]))
            answer, number = await self.session.cloud.change(call)
        except ClientError as error:
            return self.session.scene().plain(str(error))
        self.take_instances(answer)
        self.say(f"tagged {_what(targets)}{self.offer_undo(number)}")
        return ""

    async def output(self) -> None:
        targets = self.targets()
        if targets:
            self.console_app.open_page("output", targets[0].id)

    async def console(self) -> None:
        targets = self.targets()
        if targets:
            self.console_app.open_page("console", targets[0].id)

    async def why(self) -> None:
        targets = self.targets()
        if targets:
            self.console_app.open_page("why", targets[0].id)

    def definition(self) -> None:
        targets = self.targets()
        if targets:
            self.console_app.open_page("definition", targets[0].id)

    def take_instances(self, answer: Collection[InstanceView]) -> None:
        """Show at once what the cloud answered; the stream brings the rest."""
        for view in answer.items:
            self.session.copy.put("instance", view)

    def _ask(self, name: str, verb: str) -> None:
        action, targets = named(name), [view for view in self.targets() if view.state != "terminated"]
        if not targets:
            self.say(f"{action.title}: no instance that could be meant", bad=True)
        elif action.danger <= Danger.REVERSIBLE:
            self._act(action, verb, targets)
        else:
            self._confirm(action, verb, targets)

    def _confirm(self, action: Action, verb: str, targets: list[InstanceView], argument: str = "") -> None:
        question = Question(
            action=action,
            ids=[view.id for view in targets],
            facts=_facts(targets, self.session.scene()),
            warning=_warning(verb, targets, argument),
            things="instances",
        )
        if action.danger is Danger.DESTROYS:
            self.let_go(
                question,
                "instance",
                question.ids,
                lambda versions: self._act(action, verb, targets, argument, versions),
            )
        else:
            self.confirmed(question, lambda: self._act(action, verb, targets, argument))

    def _act(
        self,
        action: Action,
        verb: str,
        targets: list[InstanceView],
        argument: str = "",
        versions: Versions | None = None,
    ) -> None:
        """Start the job on exactly these, as long as each is as it was shown, with what hung on it."""
        asked = [
            JobTargetAsked(id=view.id, expected={"state": view.state, "name": view.name, **hung(versions, view.id)})
            for view in targets
        ]
        self.start_job(action, verb, asked, f"{_DONE[verb]} {_what(targets)}", argument=argument)


def _what(views: list[InstanceView]) -> str:
    return views[0].id if len(views) == 1 else f"{len(views)} instances"


def _warning(verb: str, views: list[InstanceView], argument: str) -> str:
    """Say how many are in use, and what becomes of them."""
    running = sum(view.state == "running" for view in views)
    used = f"{running} of {len(views)} running. " if len(views) > 1 and verb != "terminate" else ""
    whose = "its" if len(views) == 1 else "their"
    warning = _WARNINGS.get(verb, "").format(whose)
    return used + (f"To {argument}." if argument else warning[:1].upper() + warning[1:])


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
