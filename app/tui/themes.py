"""The console's own themes; Textual's stand beside them."""

from textual.theme import Theme

OWN = (
    Theme(
        name="eucalyptus",
        primary="#5fa8a0",
        secondary="#7f9fb5",
        accent="#8fd3b6",
        success="#7ec97e",
        warning="#e0b35a",
        error="#ef7a6d",
        background="#10171a",
        surface="#162024",
        panel="#1e2b30",
        foreground="#d6e2e0",
        dark=True,
    ),
    Theme(
        name="eucalyptus-light",
        primary="#2f7f77",
        secondary="#4a6b82",
        accent="#1d6f55",
        success="#2c7a2c",
        warning="#8a5a00",
        error="#b3261e",
        background="#f6f8f7",
        surface="#e9eeec",
        panel="#dbe4e1",
        foreground="#1b2624",
        dark=False,
    ),
    Theme(
        name="eucalyptus-contrast",
        primary="#00d7d7",
        secondary="#ffffff",
        accent="#ffff00",
        success="#00ff5f",
        warning="#ffd700",
        error="#ff5f5f",
        background="#000000",
        surface="#000000",
        panel="#1c1c1c",
        foreground="#ffffff",
        dark=True,
    ),
)
DEFAULT = OWN[0].name
