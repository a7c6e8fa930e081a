"""The name of a cloud on its machine."""

import hashlib
from pathlib import Path


def owner_of(state: Path) -> str:
    """Name the cloud of a state directory among those of this machine, also after its state was lost."""
    return hashlib.sha256(bytes(state.resolve())).hexdigest()[:12]
