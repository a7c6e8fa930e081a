"""Where the document and its page are served. Both are made once, when somebody first asks."""

from typing import Any

from litestar import Litestar, Request
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin

from app.server.openapi.document import completed, facts_of
from app.server.openapi.page import page

Framework = dict[str, Any]
"""The document as the framework makes it."""


class Whole:
    """The document with everything that the framework does not know."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def of(self, app: Litestar, framework: Framework) -> dict[str, Any]:
        if not self._made:
            self._made = completed(framework, facts_of(app))
        return self._made


class DocumentPlugin(JsonRenderPlugin):
    """Serves it for programs, as JSON."""

    def __init__(self, whole: Whole) -> None:
        super().__init__(path="/openapi.json")
        self._whole = whole

    def render(self, request: Request[Any, Any, Any], openapi_schema: Framework) -> bytes:
        return self.render_json(request, self._whole.of(request.app, openapi_schema))


class PagePlugin(OpenAPIRenderPlugin):
    """Serves it for people."""

    def __init__(self, whole: Whole) -> None:
        super().__init__(path="/")
        self._whole = whole

    def render(self, request: Request[Any, Any, Any], openapi_schema: Framework) -> bytes:
        return page(self._whole.of(request.app, openapi_schema)).encode()


def plugins() -> list[OpenAPIRenderPlugin]:
    """Make both, on one document."""
    whole = Whole()
    return [PagePlugin(whole), DocumentPlugin(whole)]
