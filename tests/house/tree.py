"""What the house rules look at: the files of this checkout, without what tools and runs leave in it."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
LEFT_BY_TOOLS = frozenset({"var", "build", "dist", "__pycache__", "node_modules"})
OURS_THOUGH_HIDDEN = frozenset({".ci", ".gitignore", ".pre-commit-config.yaml"})


def files(folder: Path = ROOT) -> Iterator[Path]:
    """Yield every file that belongs to the project."""
    for entry in sorted(folder.iterdir()):
        if entry.name in LEFT_BY_TOOLS or entry.name.endswith(".egg-info"):
            continue
        if entry.name.startswith(".") and entry.name not in OURS_THOUGH_HIDDEN:
            continue
        if entry.is_dir() and not entry.is_symlink():
            yield from files(entry)
        elif entry.is_file():
            yield entry


def sources(*folders: str) -> list[Path]:
    """List the Python files below the named folders of the checkout."""
    return [path for name in folders if (ROOT / name).is_dir() for path in files(ROOT / name) if path.suffix == ".py"]


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
