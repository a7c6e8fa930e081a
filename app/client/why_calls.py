"""The request that asks why an instance is where it is."""

from app.api.why import WhyView
from app.client.calls import Call, at


def why(instance_id: str, number: int = 0) -> Call[WhyView]:
    """Ask; the decision of that number is told with every host, as the newest always is."""
    return Call(path=at("instances", instance_id, "why"), query={"number": number} if number else {}, answer=WhyView)
