"""The public door to the ledger itself: which it is, how far it is, its codes and code tables; and whether it lives."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

import msgspec
from litestar.response import Response
from msgspec import Meta

from mingzhang import __version__
from mingzhang.api import errors
from mingzhang.api.deps import Doors
from mingzhang.api.door import CSV, CSV_ROWS, PREFIX, Answer, Asked, Door, answered, as_csv
from mingzhang.api.errors import FAULTS, ApiError, status_of, wrong_query
from mingzhang.api.publications import After, Format, Limit
from mingzhang.chain.codes import ALL_CODES
from mingzhang.views.paging import DEFAULT_LIMIT, MAX_LIMIT, Page
from mingzhang.views.standards import Code as TableCode
from mingzhang.views.standards import list_codes

SANDBOX_ZH = "沙盒时钟：演示或培训用账本，时间由人设定"
SANDBOX_EN = "sandbox clock: a ledger for demonstration or training, its time is set by a person"


class LedgerAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Which ledger this is and how far. Times are ledger time in seconds since 1970. A transaction is signed for
    `chain_id` with keys of `suite`, and its time bound lies at most 24 hours after `time`.
    """

    chain_id: str
    suite: Literal["gm", "intl"]
    clock: Literal["block", "stated"]
    clock_notice_zh: Annotated[str, Meta(description="沙盒时钟 when time is stated by a person, else empty")]
    clock_notice_en: str
    notice: Annotated[str, Meta(description="what the founders want shown with everything")]
    height: Annotated[int, Meta(description="height of the last block on disk")]
    views_height: Annotated[int, Meta(description="height up to which lists and feed show it")]
    time: Annotated[int, Meta(description="ledger time the next block would have")]
    version: str


class CodeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A result of the ledger, or a fault of the doors' own (its number is null). Sentences name facts in braces."""

    number: int | None
    code: str
    status: Annotated[int, Meta(description="HTTP status of an answer decided by it; 200: the code of an item")]
    sentence_zh: str
    sentence_en: str
    basis: str
    remedy_zh: str
    remedy_en: str
    retry: bool


class CodesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """All results there are."""

    codes: list[CodeAnswer]


class TableQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which codes of the table."""

    parent: (
        Annotated[str, Meta(max_length=21, description="right below this code; empty: those at the top")] | None
    ) = None
    text: (
        Annotated[str, Meta(min_length=1, max_length=100, description="beginning of the code, or part of the name")]
        | None
    ) = None
    limit: Limit = DEFAULT_LIMIT
    after: After | None = None
    format: Format = "json"


class TablePage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a code table. `next` asks for those after them, null at the end; `total` is null after the first."""

    rows: list[TableCode]
    total: int | None
    next: str | None


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the node answers and its views follow."""

    status: Literal["ok", "views_behind"]
    height: int
    views_height: int


async def get_ledger(doors: Doors, _asked: Asked) -> Response[Any]:
    """Which ledger, how far."""
    desk = doors.desk
    sandbox = desk.genesis.clock == "stated"
    return answered(
        LedgerAnswer(
            chain_id=desk.chain_id,
            suite="gm" if desk.genesis.suite == "gm" else "intl",
            clock="stated" if sandbox else "block",
            clock_notice_zh=SANDBOX_ZH if sandbox else "",
            clock_notice_en=SANDBOX_EN if sandbox else "",
            notice=desk.genesis.notice,
            height=desk.ledger.height(),
            views_height=doors.views_height,
            time=desk.time(),
            version=__version__,
        )
    )


def all_codes() -> CodesAnswer:
    """Every code and fault, by number, then the doors' own."""
    codes = [
        CodeAnswer(
            number=code.number, code=code.name, status=status_of(code), sentence_zh=code.zh, sentence_en=code.en,
            basis=code.basis, remedy_zh=code.remedy_zh, remedy_en=code.remedy_en, retry=code.retry,
        )
        for code in ALL_CODES
    ]  # fmt: skip
    own = [
        CodeAnswer(
            number=None, code=fault.name, status=fault.status, sentence_zh=fault.zh, sentence_en=fault.en,
            basis="", remedy_zh=fault.remedy_zh, remedy_en=fault.remedy_en, retry=fault.retry,
        )
        for fault in FAULTS
    ]  # fmt: skip
    return CodesAnswer(codes=codes + own)


async def get_codes(_doors: Doors, _asked: Asked) -> Response[Any]:
    """All codes."""
    return answered(all_codes())


async def get_table(doors: Doors, asked: Asked) -> Response[Any]:
    """A page of a code table, or all of it as CSV."""
    query: TableQuery = asked.query
    table, year = asked.path["table"], asked.path["year"]
    if not (year.isascii() and year.isdigit() and len(year) == 4):
        raise wrong_query("year", "须为四位年份", "must be a year of four digits")

    async def page(after: str | None) -> Page[TableCode]:
        limit = MAX_LIMIT if query.format == "csv" else query.limit
        return await doors.read_views(
            lambda connection: list_codes(
                connection, table, int(year), parent=query.parent, text=query.text, limit=limit, after=after
            )
        )

    async def pages() -> AsyncIterator[list[TableCode]]:
        after, sent_rows = query.after, 0
        while sent_rows < CSV_ROWS:
            part = await page(after)
            yield part.rows
            after, sent_rows = part.next, sent_rows + len(part.rows)
            if after is None:
                return

    if query.format == "csv":
        return as_csv(TableCode.__struct_fields__, pages(), name="codes")
    part = await page(query.after)
    if part.total == 0 and query.parent is None and query.text is None:
        raise errors.not_found(f"code table {table} of {year}")
    return answered(TablePage(rows=part.rows, total=part.total, next=part.next))


async def get_health(doors: Doors, _asked: Asked) -> Response[Any]:
    """200 while the node answers; 503 when it or its views have stopped."""
    if doors.views_failed or doors.desk.ledger.has_stopped():
        raise ApiError(errors.NODE_STOPPED)
    height, shown = doors.desk.ledger.height(), doors.views_height
    return answered(
        Health(status="ok" if shown >= height else "views_behind", height=height, views_height=min(shown, height))
    )


DOORS = (
    Door(
        "GET",
        f"{PREFIX}/ledger",
        get_ledger,
        zh="账本编号、密码套件、时钟、高度、账本时间、版本",
        en="Which ledger this is, its crypto suite and clock, how far it is, and the version that serves it.",
        answers=(Answer(200, "the ledger", LedgerAnswer),),
    ),
    Door(
        "GET",
        f"{PREFIX}/codes",
        get_codes,
        zh="全部结果代码：说明、依据、怎样才能通过、HTTP 状态",
        en="Every result code: its sentence, basis, remedy and HTTP status.",
        answers=(Answer(200, "all codes", CodesAnswer),),
    ),
    Door(
        "GET",
        f"{PREFIX}/code-tables/{{table}}/{{year}}",
        get_table,
        zh="某年度的公共代码表，如功能分类",
        en="A public code table of a year, such as the functional classification.",
        query=TableQuery,
        parameters={
            "table": ("table: function, department_economic, government_economic, fund_type, division", "function"),
            "year": ("fiscal year", "2022"),
        },
        answers=(
            Answer(200, "a page, or with format=csv the file", TablePage),
            Answer(200, "the list as a file in UTF-8", media_type=CSV),
        ),
        faults=(errors.NOT_FOUND,),
    ),
    Door(
        "GET",
        "/healthz",
        get_health,
        zh="存活检查",
        en="Whether the node answers and its views follow, for whoever keeps it running.",
        answers=(Answer(200, "it does", Health),),
        faults=(errors.NODE_STOPPED,),
    ),
)
