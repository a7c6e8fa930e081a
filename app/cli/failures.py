"""What went wrong, as the one line on stderr; anything unexpected keeps its traceback."""

from app.client.errors import ClientError, Refused
from app.domain.errors import CloudError


def sentence(error: Exception) -> str:
    """Return the text of an error that was raised on purpose; raise any other one again."""
    if isinstance(error, Refused):
        return _refusal(error)
    if isinstance(error, ClientError | CloudError):
        return str(error)
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    raise error


def _refusal(error: Refused) -> str:
    """Say each reason once: most details contain what the fields say, too."""
    problem = error.problem
    detail = problem.detail or problem.title
    more = [f"{field.field}: {field.why}" for field in problem.errors if field.why not in detail]
    return "; ".join([detail, *more])
