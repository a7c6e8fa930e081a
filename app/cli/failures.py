"""What went wrong, as the one line on stderr; anything unexpected keeps its traceback."""

from app.client.errors import ClientError
from app.domain.errors import CloudError


def sentence(error: Exception) -> str:
    """Return the text of an error that was raised on purpose; raise any other one again."""
    if isinstance(error, ClientError | CloudError):
        return str(error)
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    raise error
