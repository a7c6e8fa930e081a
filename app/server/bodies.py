"""Bodies of REST requests, read as what the operation declares and nothing near it.

The trap: the framework converts as leniently as it must for queries, where all is text: it would take 0 for false and
"3" for 3, against the document that it writes itself.
"""

import re
from difflib import get_close_matches
from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import HTTPException

_PLACE = re.compile(r" - at `\$\.?(.*)`$")


class StrictRequest(Request[Any, Any, Any]):
    """A request whose JSON must fit the declared type as it stands."""

    async def json(self) -> Any:
        """Return the body as the handler's type; the same object as often as it is asked."""
        declared = self.route_handler.parsed_data_field
        body = await self.body()
        try:
            if declared and declared.is_subclass_of(msgspec.Struct):
                _check_names(body, declared.annotation)
            return msgspec.json.decode(body, type=declared.annotation if declared else Any)
        except msgspec.ValidationError as error:
            why, place = str(error), _PLACE.search(str(error))
            field = place[1] if place else "data"
            raise _unfit("The body does not fit", field, _PLACE.sub("", why)) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _unfit("The body is no JSON", "data", str(error)) from error


def _check_names(body: bytes, declared: type[msgspec.Struct]) -> None:
    """Refuse fields that there are not: one that is misspelt must not be passed over. The nearest one is named."""
    known = [field.encode_name for field in msgspec.structs.fields(declared)]
    for name in msgspec.json.decode(body, type=dict[str, msgspec.Raw]):
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}."
            raise _unfit("The body does not fit", name[:80], f"There is no such field; {hint}")


def _unfit(detail: str, field: str, why: str) -> HTTPException:
    return HTTPException(status_code=400, detail=f"{detail}: {why}", extra=[{"key": field, "message": why}])
