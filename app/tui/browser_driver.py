"""Textual's driver for browsers, with an end: a console whose host has gone must not stay behind as a process."""

from textual.drivers.web_driver import WebDriver
from textual.messages import ExitApp


class EndingDriver(WebDriver):
    """Leaves the app once nothing can come any more."""

    def run_input_thread(self) -> None:
        super().run_input_thread()
        self._app.post_message(ExitApp())
