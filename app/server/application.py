"""The HTTP application on a running cloud: routes, guards, problem documents, the description of itself."""

from typing import Any

from litestar import Litestar, Request, Response, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme

from app.domain.errors import CloudError
from app.server import desk, holding_actions, holdings, listing, problems
from app.server.accounts import AccountController, UserController
from app.server.backups import BackupController
from app.server.bodies import StrictRequest
from app.server.charts import ChartController
from app.server.cloud import Cloud
from app.server.console_socket import console_socket, console_without_upgrade
from app.server.gateway_actions import GatewayController
from app.server.group_rules import GroupRuleController
from app.server.hanging import HangingController
from app.server.health import healthz, heartbeat, metrics
from app.server.history import HistoryController
from app.server.host_pages import DefinitionController, HereBecauseController
from app.server.hosts import ClusterController, HostController
from app.server.images import ImageController
from app.server.instance_marks import InstanceMarksController
from app.server.instances import InstanceController
from app.server.jobs import JobController, UndoController
from app.server.openapi import plugins
from app.server.overview import OverviewController
from app.server.past import PastController
from app.server.quotas import QuotaController
from app.server.remapping import RemappingController
from app.server.rule_editing import RuleEditingController
from app.server.rulesets import RulesetController
from app.server.shrinking import Shrinking
from app.server.tokens import TokenController
from app.server.types import TypeController
from app.server.why import WhyController

ROOT = "/api/v1"
BODY_BYTES = 1 << 20
CONTROLLERS: tuple[Any, ...] = (
    OverviewController,
    HangingController,
    ClusterController,
    HostController,
    InstanceController,
    InstanceMarksController,
    JobController,
    UndoController,
    WhyController,
    HereBecauseController,
    DefinitionController,
    ImageController,
    TypeController,
    GroupRuleController,
    RulesetController,
    RuleEditingController,
    RemappingController,
    AccountController,
    UserController,
    QuotaController,
    TokenController,
    GatewayController,
    HistoryController,
    PastController,
    BackupController,
    ChartController,
    console_without_upgrade,
    *holdings.ROUTES,
    *holding_actions.CONTROLLERS,
)


def create_app(cloud: Cloud) -> Litestar:
    """Make the application."""
    api = Router(
        path=ROOT,
        route_handlers=CONTROLLERS,
        guards=[desk.authenticate],
        dependencies={
            "desk": Provide(desk.desk_of, sync_to_thread=False),
            "asked": Provide(listing.asked_of, sync_to_thread=False),
        },
        exception_handlers=_EXCEPTIONS,
        request_class=StrictRequest,
        before_request=methods,
        middleware=[Shrinking()],
        security=[{"bearer": []}],
    )
    sockets = Router(path=ROOT, route_handlers=[console_socket])  # no guard: it refuses by itself, in words
    return Litestar(
        route_handlers=[api, sockets, healthz, metrics, heartbeat],
        exception_handlers=_EXCEPTIONS,
        after_exception=[desk.refused_early],
        request_max_body_size=BODY_BYTES,
        openapi_config=OpenAPIConfig(
            title="Eucalyptus REST API",
            version=cloud.version,
            path="/api/schema",
            render_plugins=plugins.plugins(),
            use_handler_docstrings=True,
            components=Components(
                security_schemes={
                    "bearer": SecurityScheme(type="http", scheme="bearer", description="A token: `euca token create`."),
                    "sigv4": SecurityScheme(type="http", scheme="AWS4-HMAC-SHA256", description="As EC2's requests."),
                }
            ),
        ),
        state=State({"cloud": cloud}),
        logging_config=None,
        debug=False,
    )


def methods(request: Request[Any, Any, Any]) -> Response[None] | None:
    """Answer OPTIONS: the framework's own answer knows some methods of a path only, if several handlers make it."""
    if request.method != "OPTIONS":
        return None
    template = request.scope["path_template"]
    there = {method for route in request.app.routes if route.path_format == template for method in route.methods}
    return Response(None, status_code=204, headers={"Allow": ", ".join(sorted(there))})


_EXCEPTIONS: Any = {
    CloudError: problems.cloud_error_response,
    HTTPException: problems.http_error_response,
    Exception: problems.unexpected_response,
}
