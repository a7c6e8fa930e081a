"""What may go wrong when a cloud is asked over REST; `str()` is one line fit for a user.

ClientError
├── Refused(problem)         the cloud understood and said no
│   └── Unauthorized         it does not know the token
├── Unreachable(detail)      no answer; trying again later may help, the thing may have been done
└── Garbled(detail)          something answered that is not this API
"""

from app.api.problems import Problem


class ClientError(Exception):
    """Root of everything the client raises on purpose."""


class Refused(ClientError):
    """The cloud answered with a problem document."""

    def __init__(self, problem: Problem) -> None:
        said = problem.detail or problem.title
        unsaid = [error for error in problem.errors if error.field not in said or error.why not in said]
        super().__init__(said + "".join(f"; {error.field}: {error.why}" for error in unsaid))
        self.problem = problem


class Unauthorized(Refused):
    """The token is missing, wrong, or its user is disabled."""


class Unreachable(ClientError):
    """No answer came."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"The cloud does not answer: {detail}")
        self.detail = detail


class Garbled(ClientError):
    """The answer is none of this API; the address may be wrong."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"The answer is not that of a Eucalyptus cloud: {detail}")
        self.detail = detail
