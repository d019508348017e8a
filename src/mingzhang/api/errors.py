"""The one shape of an error, the doors' own faults, and the HTTP status of every code of the ledger.

What the ledger's codes mean is said in chain/codes; here only how they leave by HTTP.
"""

import re
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from mingzhang.chain.codes import Code, Facts, kernel, render


class FieldFault(msgspec.Struct, frozen=True, kw_only=True):
    """What must hold of one field; `field` is a path such as items[0].amount_fen, or a query parameter's name."""

    field: str
    sentence_zh: str
    sentence_en: str


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why, and what would make the same request pass. `number` is the ledger code's permanent number, or null for what
    is the doors' own; amounts among the facts are in fen.
    """

    number: int | None
    facts: dict[str, int | str]
    basis: str
    remedy_zh: str
    remedy_en: str
    retry: Annotated[bool, Meta(description="whether the very same request may succeed later")]
    look: Annotated[str | None, Meta(description="path where to look for what became of it")]


class Error(msgspec.Struct, frozen=True, kw_only=True):
    """The one shape in which every door says no."""

    code: str
    sentence_zh: str
    sentence_en: str
    fields: list[FieldFault]
    explanation: Explanation


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """A reason of the doors' own to say no, with its HTTP status."""

    name: str
    status: int
    zh: str
    en: str
    remedy_zh: str = ""
    remedy_en: str = ""
    retry: bool = False


class ApiError(Exception):
    """Raised by a door to say no. Facts fill the sentences' braces."""

    def __init__(
        self,
        fault: Fault,
        *,
        fields: tuple[FieldFault, ...] = (),
        headers: dict[str, str] | None = None,
        facts: Facts | None = None,
    ) -> None:
        super().__init__(fault.name)
        self.fault = fault
        self.fields = fields
        self.headers = headers or {}
        self.facts = facts or {}

    def error(self) -> Error:
        """What is sent."""
        fault = self.fault
        return Error(
            code=fault.name,
            sentence_zh=render(fault.zh, self.facts),
            sentence_en=render(fault.en, self.facts),
            fields=list(self.fields),
            explanation=Explanation(
                number=None,
                facts=self.facts,
                basis="",
                remedy_zh=fault.remedy_zh,
                remedy_en=fault.remedy_en,
                retry=fault.retry,
                look=None,
            ),
        )


NOT_FOUND = Fault(
    name="not_found",
    status=404,
    zh="没有 {what}",
    en="there is no {what}",
    remedy_zh="核对地址与编号；全部接口见 /openapi.json",
    remedy_en="check path and id; /openapi.json lists every door",
)
METHOD_NOT_ALLOWED = Fault(
    name="method_not_allowed",
    status=405,
    zh="此地址不接受该方法",
    en="this path does not take that method",
    remedy_zh="可用的方法见 Allow 头",
    remedy_en="the Allow header names those it takes",
)
QUERY_WRONG = Fault(
    name="query_wrong",
    status=400,
    zh="查询参数不符合要求",
    en="the query does not hold what it must",
    remedy_zh="按所列字段改正",
    remedy_en="correct the fields named",
)
REQUEST_WRONG = Fault(
    name="request_wrong", status=400, zh="请求不是合格的 HTTP 请求", en="this is not a well-formed request"
)
MEDIA_TYPE_WRONG = Fault(
    name="media_type_wrong",
    status=415,
    zh="只接受 application/json",
    en="only application/json is taken",
    remedy_zh="设置 Content-Type: application/json，内容为签名后的原始字节",
    remedy_en="send Content-Type: application/json and the signed bytes as they are",
)
BODY_TOO_LARGE = Fault(
    name="body_too_large",
    status=413,
    zh="请求内容超过上限 {limit} 字节",
    en="the body is larger than the limit of {limit} bytes",
    remedy_zh="拆成多个批次，各自签名提交",
    remedy_en="split into several batches, each signed",
)
TOO_MANY_REQUESTS = Fault(
    name="too_many_requests",
    status=429,
    zh="来自此地址的请求过于频繁",
    en="too many requests from this address",
    remedy_zh="按 Retry-After 头稍后再试",
    remedy_en="try again after the seconds in Retry-After",
    retry=True,
)
BUSY = Fault(
    name="busy",
    status=503,
    zh="同时提交的交易或推送连接过多",
    en="too many transactions or feeds at once",
    remedy_zh="按 Retry-After 头稍后再试",
    remedy_en="try again after the seconds in Retry-After",
    retry=True,
)
TIMED_OUT = Fault(
    name="timed_out",
    status=503,
    zh="未能在时限内处理完请求",
    en="the request was not done within its time",
    remedy_zh="稍后再试；已提交的交易可凭信封摘要查询",
    remedy_en="try again; what became of a transaction can be looked up by its envelope hash",
    retry=True,
)
NODE_STOPPED = Fault(
    name="node_stopped",
    status=503,
    zh="节点已停止，不能受理或读取",
    en="the node has stopped and cannot take in or read anything",
    remedy_zh="请联系节点管理员检查磁盘与日志",
    remedy_en="have the node's keeper check disk and log",
    retry=True,
)
INTERNAL = Fault(
    name="internal_error",
    status=500,
    zh="服务程序出错，已记入日志",
    en="the server failed; its log says where",
    remedy_zh="请联系节点管理员",
    remedy_en="tell the node's keeper",
)
ENVELOPE_UNKNOWN = Fault(
    name="envelope_unknown",
    status=404,
    zh="没有查到该信封；可能未被受理，或须附上 height 或 expires_at",
    en="no such envelope was found: it was not taken in, or its height or expires_at must be given",
    remedy_zh="附上回执中的 height，或信封头中的 expires_at",
    remedy_en="add the receipt's height, or the expires_at of the envelope's header",
)
NO_PROOF_YET = Fault(
    name="no_proof_yet",
    status=409,
    zh="尚无覆盖所求内容的已签检查点",
    en="no signed checkpoint covers what was asked for",
    remedy_zh="待成员单位签署新的检查点后再取；已有检查点见 /api/v1/checkpoints",
    remedy_en="ask again when the members have signed a new checkpoint; /api/v1/checkpoints lists those there are",
    retry=True,
)
FAULTS: Final = tuple(value for value in list(globals().values()) if isinstance(value, Fault))
"""All of the doors' own."""

RECORDED_STATUS: Final = 200
"""A code of an item: the envelope was taken in and recorded, whatever came of its items."""
DOOR_STATUSES: Final[dict[str, int]] = {
    kernel.ENVELOPE_TOO_LARGE.name: 413,
    kernel.ENVELOPE_MALFORMED.name: 400,
    kernel.WRONG_CHAIN.name: 400,
    kernel.ENVELOPE_EXPIRED.name: 400,
    kernel.TIME_BOUND_TOO_FAR.name: 400,
    kernel.ENVELOPE_REPLAYED.name: 409,
    kernel.SIGNER_UNKNOWN.name: 403,
    kernel.SIGNER_REVOKED.name: 403,
    kernel.KEY_NOT_OF_SIGNER.name: 403,
    kernel.SIGNATURE_INVALID.name: 403,
    kernel.ITEMS_ROOT_WRONG.name: 400,
    kernel.NO_GRANT.name: 403,
    kernel.OVER_QUOTA.name: 429,
    kernel.COMMAND_IS_INTERNAL.name: 403,
}
"""Codes with which a whole envelope is refused before anything is recorded."""

_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `\$?\.?(?P<place>[^`]*)`)?$", re.DOTALL)


def status_of(code: Code) -> int:
    """The HTTP status of an answer that a code decided."""
    return DOOR_STATUSES.get(code.name, RECORDED_STATUS)


def refused_at_door(code: Code, facts: Facts, *, look: str | None = None) -> Error:
    """The error for an envelope that was refused before anything was recorded."""
    return Error(
        code=code.name,
        sentence_zh=render(code.zh, facts),
        sentence_en=render(code.en, facts),
        fields=_fields(str(facts["detail"])) if code is kernel.ENVELOPE_MALFORMED and "detail" in facts else [],
        explanation=Explanation(
            number=code.number,
            facts=facts,
            basis=code.basis,
            remedy_zh=render(code.remedy_zh, facts),
            remedy_en=render(code.remedy_en, facts),
            retry=code.retry,
            look=look,
        ),
    )


def not_found(what: str) -> ApiError:
    """There is no such thing; `what` is cut to a length that a screen can bear."""
    return ApiError(NOT_FOUND, facts={"what": what[:200]})


def wrong_query(field: str, sentence_zh: str, sentence_en: str) -> ApiError:
    """A query parameter that does not hold what it must."""
    return ApiError(
        QUERY_WRONG, fields=(FieldFault(field=field[:100], sentence_zh=sentence_zh, sentence_en=sentence_en),)
    )


def _fields(detail: str) -> list[FieldFault]:
    """The field that a decoding error names, if it names one."""
    found = _PLACE.match(detail)
    place = found["place"] if found else None
    if not found or not place:
        return []
    return [FieldFault(field=place, sentence_zh="不符合规定格式", sentence_en=found["what"])]
