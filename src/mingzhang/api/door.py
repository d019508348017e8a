"""What a door is: method, path, query, answers, said once; from it come the route, the checks and the OpenAPI page.

Which doors there are stands with the nouns, and all of them together in app.py.
"""

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import parse_qsl

import msgspec
from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response, Stream

from mingzhang.api.deps import Doors
from mingzhang.api.errors import ApiError, Fault, not_found, wrong_query
from mingzhang.views.paging import WrongQuery

JSON: Final = "application/json"
CSV: Final = "text/csv; charset=utf-8"
PREFIX: Final = "/api/v1"
CSV_ROWS: Final = 100_000
"""Rows of one CSV file: what a spreadsheet opens without trouble; filters divide what is longer."""
MAX_QUERY_BYTES: Final = 4_096
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so would be taken for a formula by spreadsheets; an apostrophe before it says that it is text."""


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A door without query parameters."""


class Asked(NamedTuple):
    """What a door is asked: path parameters as text, the query as its struct, headers and body by the request."""

    request: Request[Any, Any, Any]
    path: dict[str, str]
    query: Any


class Answer(NamedTuple):
    """One kind of answer, for the OpenAPI page. `kind` is the type of the body, None where it is not JSON of ours."""

    status: int
    about: str
    kind: Any = None
    media_type: str = JSON


class Door(NamedTuple):
    """One way in. `path` has {parameters}; `parameters` says what each means, with an example."""

    method: Literal["GET", "POST"]
    path: str
    handle: Callable[[Doors, Asked], Awaitable[Response[Any]]]
    zh: str
    en: str
    answers: Sequence[Answer]
    query: type[msgspec.Struct] = NoQuery
    parameters: dict[str, tuple[str, str]] = {}  # noqa: RUF012 (never changed)
    faults: tuple[Fault, ...] = ()
    body: str = ""


def routes(door: Door, doors: Doors) -> HTTPRouteHandler:
    """The route of a door."""

    async def handle(request: Request[Any, Any, Any]) -> Response[Any]:
        path = {name: value.replace("%2F", "/") for name, value in request.path_params.items()}
        query = _query(door.query, request.scope["query_string"])
        try:
            return await door.handle(doors, Asked(request, path, query))
        except WrongQuery as wrong:
            raise wrong_query(wrong.field, wrong.zh, str(wrong)) from None

    handle.__name__ = f"{door.method.lower()}{door.path}".replace("/", "_").replace("{", "").replace("}", "")
    template = door.path.replace("}", ":str}")
    return HTTPRouteHandler(template, http_method=[door.method], status_code=200, name=handle.__name__)(handle)


def answered(value: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    """An answer in JSON."""
    return sent(msgspec.json.encode(value), status=status, headers=headers)


def sent(
    data: bytes, *, media_type: str = JSON, status: int = 200, headers: dict[str, str] | None = None
) -> Response[bytes]:
    """Exactly these bytes."""
    return Response(data, status_code=status, media_type=media_type, headers=headers or {})


def failed(error: ApiError) -> Response[bytes]:
    """A fault of the doors' own, as it is sent."""
    return answered(error.error(), status=error.fault.status, headers=error.headers)


def as_csv(columns: Sequence[str], pages: AsyncIterator[Iterable[Any]], *, name: str) -> Stream:
    """Rows of structs as a CSV file, page after page; lists and structs within a cell as JSON.

    It begins with a byte order mark, by which spreadsheets know UTF-8.
    """

    async def parts() -> AsyncIterator[bytes]:
        yield ("\ufeff" + _line(columns)).encode()
        async for rows in pages:
            lines = [_line([_cell(getattr(row, column)) for column in columns]) for row in rows]
            yield "".join(lines).encode()

    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Stream(parts(), media_type=CSV, headers=headers)


def _line(cells: Sequence[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return "'" + text if text.startswith(_FORMULA) else text


def _query(kind: type[msgspec.Struct], raw: bytes) -> Any:
    """The query as its struct: every parameter known, given once, within its bounds. Raises ApiError."""
    if len(raw) > MAX_QUERY_BYTES:
        raise wrong_query("", f"查询串不得超过 {MAX_QUERY_BYTES} 字节", f"at most {MAX_QUERY_BYTES} bytes of query")
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, strict_parsing=bool(raw), errors="strict")
    except (ValueError, UnicodeError):
        raise wrong_query("", "查询串格式不正确", "the query string is not well formed") from None
    known = {field.encode_name for field in msgspec.structs.fields(kind)}
    given: dict[str, str] = {}
    for name, value in pairs:
        if name not in known:
            raise wrong_query(name, "没有此查询参数", f"no such parameter; known: {', '.join(sorted(known)) or 'none'}")
        if name in given:
            raise wrong_query(name, "只能给出一次", "must be given once only")
        given[name] = value
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        what, _at, place = str(error).partition(" - at `$.")
        raise wrong_query(place.rstrip("`") or _missing(what), "不符合要求", what) from None


def _missing(what: str) -> str:
    """The field that msgspec says is missing."""
    return what.partition("`")[2].rpartition("`")[0] if "missing required field" in what else ""


def found(value: Any, what: str) -> Any:
    """The value, unless there is none. Raises ApiError."""
    if value is None:
        raise not_found(what)
    return value
