"""What a person likes: theme, keys, animations, and whether the mouse is the console's or the terminal's.

The app is made of this. What is chosen by hand is kept; `console.toml` says the rest.
"""

from typing import Any

from app.tui.actions import ACTIONS
from app.tui.places import Places
from app.tui.themes import DEFAULT, OWN
from app.tui.widgets.menu import Choice, Menu


class Tastes(Places):
    """Needs `session` before `dress`."""

    _mouse_is_ours = True

    def dress(self) -> None:
        """Put on theme, keys and animations."""
        home = self.session.home
        for theme in OWN:
            self.register_theme(theme)
        wanted = [home.memory.theme, home.settings.theme, DEFAULT]
        self.theme = next(name for name in wanted if name in self.available_themes)
        if home.settings.animations:
            self.animation_level = home.settings.animations
        self.set_keymap(
            {
                f"{place}.{action.name}": action.key
                for action, own in zip(home.actions, ACTIONS, strict=True)
                if action.key != own.key
                for place in action.screens
            }
        )
        self.set_class(self.session.ascii_only, "-ascii")

    def choose_theme(self) -> None:
        """Ask for a theme and show each while the cursor is on it."""
        before = self.theme

        def looked_at(name: str | None) -> None:
            self.theme = name or before

        choices = [Choice(given=name, title=name) for name in [*(own.name for own in OWN), *self._built_in()]]
        self.push_screen(Menu("Theme", choices, at=before, looked_at=looked_at), self.take_theme)

    def take_theme(self, name: str | None) -> None:
        """Put a theme on and keep it."""
        if name and name in self.available_themes:
            self.theme = name
            self.session.home.memory.set_theme(name)

    def _built_in(self) -> list[str]:
        own = {theme.name for theme in OWN}
        return sorted(name for name in self.available_themes if name not in own)

    def hand_mouse(self) -> bool | None:
        """Give the mouse to the terminal, so that it selects text, or take it back; None where there is none to give.

        Textual has no public word for this; its drivers all have these two.
        """
        driver: Any = self._driver
        word = "_disable_mouse_support" if self._mouse_is_ours else "_enable_mouse_support"
        turn = getattr(driver, word, None)
        if turn is None:
            return None
        turn()
        self._mouse_is_ours = not self._mouse_is_ours
        return self._mouse_is_ours

    def terminal_is_behind(self) -> bool:
        """Tell whether the terminal has not yet taken what was drawn; never, where that is not known."""
        queue = getattr(getattr(self._driver, "_writer_thread", None), "_queue", None)
        return queue is not None and queue.qsize() > 0
