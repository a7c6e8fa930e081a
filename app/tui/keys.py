"""Keys as the bytes that a serial line expects of a vt100, which is what programs there take a terminal for."""

_FIXED = {
    "enter": b"\r",
    "tab": b"\t",
    "shift+tab": b"\x1b[Z",
    "backspace": b"\x7f",
    "escape": b"\x1b",
    "delete": b"\x1b[3~",
    "insert": b"\x1b[2~",
    "pageup": b"\x1b[5~",
    "pagedown": b"\x1b[6~",
    "f1": b"\x1bOP",
    "f2": b"\x1bOQ",
    "f3": b"\x1bOR",
    "f4": b"\x1bOS",
    "f5": b"\x1b[15~",
    "f6": b"\x1b[17~",
    "f7": b"\x1b[18~",
    "f8": b"\x1b[19~",
    "f9": b"\x1b[20~",
    "f10": b"\x1b[21~",
    "f11": b"\x1b[23~",
    "f12": b"\x1b[24~",
    "ctrl+space": b"\0",
    "ctrl+at": b"\0",
    "ctrl+backslash": b"\x1c",
    "ctrl+circumflex_accent": b"\x1e",
    "ctrl+underscore": b"\x1f",
}
_ARROWS = {"up": b"A", "down": b"B", "right": b"C", "left": b"D", "home": b"H", "end": b"F"}


def typed(key: str, character: str | None, *, arrows_of_programs: bool) -> bytes:
    """Return what a key sends; empty if nothing. `arrows_of_programs`: a program asked for its own form of arrows."""
    if key in _FIXED:
        return _FIXED[key]
    if key in _ARROWS:
        return (b"\x1bO" if arrows_of_programs else b"\x1b[") + _ARROWS[key]
    name = key.removeprefix("ctrl+")
    if name != key and len(name) == 1 and name.isalpha():
        return bytes([ord(name.lower()) & 0x1F])
    if character and character.isprintable():
        return (b"\x1b" if key.startswith("alt+") else b"") + character.encode()
    return b""
