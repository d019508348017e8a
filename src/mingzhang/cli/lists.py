"""The lists that `mingzhang show` offers: which view gives each, its columns, and which filters it takes.

The queries are the views' own; here filters typed by a person are handed to them.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from mingzhang.cli.output import Column
from mingzhang.views import (
    agreements,
    blocks,
    budgets,
    disclosure,
    evaluations,
    members,
    oversight,
    payment_lists,
    projects,
    records,
)

Filters = Mapping[str, Any]
"""Filters a person gave, by option name; `status` is a tuple."""


class List(NamedTuple):
    """One list. `get` finds a single row by its id, None where there is no such thing."""

    zh: str
    en: str
    columns: tuple[Column, ...]
    page: Callable[..., Any]
    filters: frozenset[str]
    get: Callable[[sa.Connection, str], Any]


def _by_filter(function: Callable[..., Any], kind: type[msgspec.Struct]) -> Callable[..., Any]:
    """Hand the filters over as the view's filter struct."""

    def page(connection: sa.Connection, filters: Filters, **paging: Any) -> Any:
        return function(connection, kind(**filters), **paging)

    return page


def _by_name(function: Callable[..., Any], **renamed: str) -> Callable[..., Any]:
    """Hand the filters over as keyword arguments, some under another name."""

    def page(connection: sa.Connection, filters: Filters, **paging: Any) -> Any:
        named = {renamed.get(name, name): value for name, value in filters.items()}
        return function(connection, **named, **paging)

    return page


def _findings(connection: sa.Connection, filters: Filters, **paging: Any) -> Any:
    named = {"responsible" if name == "organisation" else name: value for name, value in filters.items()}
    return oversight.list_findings(connection, oversight.FindingFilter(**named), **paging)


def _number(function: Callable[[sa.Connection, int], Any]) -> Callable[[sa.Connection, str], Any]:
    """A `get` for what has a number as its id."""

    @wraps(function)
    def get(connection: sa.Connection, name: str) -> Any:
        return function(connection, int(name)) if name.isascii() and name.isdigit() else None

    return get


RECORD = Column("record", "记录", "record", "int")
ORGANISATION = Column("organisation_name", "单位", "organisation")
STATUS = Column("status", "状态", "status")

LISTS: dict[str, List] = {
    "blocks": List(
        "区块", "blocks",
        (
            Column("height", "高度", "height", "int"), Column("time", "账本时间", "ledger time", "time"),
            Column("first_record", "首条记录", "first record", "int"), Column("records", "记录数", "records", "int"),
        ),
        _by_name(blocks.list_blocks), frozenset(), _number(blocks.get_block),
    ),
    "records": List(
        "记录", "records",
        (
            RECORD, Column("height", "高度", "height", "int"), Column("time", "账本时间", "ledger time", "time"),
            Column("signer", "提交人", "signer"), Column("command", "指令", "command"),
            Column("code", "结果", "result"), Column("cause", "起因", "cause", "int"),
            Column("subjects", "涉及", "about", "subjects"),
        ),
        _by_filter(records.list_records, records.RecordFilter),
        frozenset({"organisation", "signer", "command", "code", "refused"}), _number(records.get_record),
    ),
    "projects": List(
        "项目", "projects",
        (
            Column("project_id", "编号", "id"), Column("name", "名称", "name"), ORGANISATION, STATUS,
            Column("start_date", "起", "from"), Column("end_date", "止", "until"),
            Column("total_fen", "申报（元）", "declared (yuan)", "fen"),
            Column("approved_fen", "批准（元）", "approved (yuan)", "fen"), Column("version", "版次", "version", "int"),
        ),
        _by_filter(projects.list_projects, projects.ProjectFilter),
        frozenset({"organisation", "status", "year", "text"}), projects.get_project,
    ),
    "lines": List(
        "指标", "budget lines",
        (
            Column("line_id", "编号", "id"), ORGANISATION, Column("year", "年度", "year"),
            Column("function_code", "功能分类", "function"), Column("total_fen", "总额（元）", "total (yuan)", "fen"),
            Column("available_fen", "可用（元）", "available", "fen"),
            Column("reserved_fen", "占用（元）", "reserved", "fen"),
            Column("in_transit_fen", "在途（元）", "in transit", "fen"),
            Column("paid_fen", "已付（元）", "paid", "fen"),
            Column("paid_bp", "执行率", "paid rate", "bp"), Column("blocked_by", "冻结人", "blocked by"),
        ),
        _by_filter(budgets.list_lines, budgets.LineFilter),
        frozenset({"organisation", "year", "project_id"}), budgets.get_line,
    ),
    "payments": List(
        "支付", "payments",
        (
            Column("payment_id", "编号", "id"), Column("business_date", "日期", "date"), ORGANISATION,
            Column("payee_name", "收款人", "payee"), Column("amount_fen", "金额（元）", "amount (yuan)", "fen"),
            Column("purpose", "用途", "purpose"), STATUS, Column("line_id", "指标", "line"), RECORD,
        ),
        _by_filter(payment_lists.list_payments, payment_lists.PaymentFilter),
        frozenset({"organisation", "status", "year", "project_id", "line_id", "payee_id", "text"}),
        payment_lists.get_payment,
    ),
    "refused-payments": List(
        "被拒支付", "refused payments",
        (
            RECORD, Column("payment_id", "编号", "id"), Column("business_date", "日期", "date"),
            Column("organisation", "单位", "organisation"), Column("amount_fen", "金额（元）", "amount (yuan)", "fen"),
            Column("code", "原因", "why"), Column("requested_by", "提交人", "by"),
        ),
        _by_filter(payment_lists.list_refused_payments, payment_lists.RefusedFilter),
        frozenset({"organisation", "line_id", "code"}), _number(records.get_record),
    ),
    "agreements": List(
        "合同", "agreements",
        (
            Column("agreement_id", "编号", "id"), Column("title", "名称", "title"), ORGANISATION,
            Column("payee_name", "收款人", "payee"), Column("total_fen", "总额（元）", "total (yuan)", "fen"),
            Column("released_fen", "已付（元）", "released", "fen"), STATUS,
            Column("disputed_by", "争议方", "disputed by"), RECORD,
        ),
        _by_filter(agreements.list_agreements, agreements.AgreementFilter),
        frozenset({"organisation", "status", "project_id", "line_id", "payee_id", "text"}), agreements.get_agreement,
    ),
    "evaluations": List(
        "绩效评价", "evaluations",
        (
            Column("evaluation_id", "编号", "id"), Column("project_name", "项目", "project"),
            Column("year", "年度", "year"), STATUS, Column("formula_total", "公式分", "by formula", "hundredths"),
            Column("self_total", "自评分", "self", "hundredths"),
            Column("final_total", "最终分", "final", "hundredths"), Column("final_grade", "等级", "grade"), RECORD,
        ),
        _by_filter(evaluations.list_evaluations, evaluations.EvaluationFilter),
        frozenset({"organisation", "status", "year", "project_id"}), evaluations.get_evaluation,
    ),
    "findings": List(
        "监督问题", "findings",
        (
            Column("finding_id", "编号", "id"), Column("level", "来源", "level"), Column("title", "问题", "title"),
            Column("severity", "程度", "severity"), Column("responsible", "责任单位", "responsible"), STATUS,
            Column("deadline", "期限", "deadline", "time"), Column("overdue", "逾期", "overdue"),
            Column("conclusion", "结论", "conclusion"), RECORD,
        ),
        _findings, frozenset({"organisation", "status"}), oversight.get_finding,
    ),
    "publications": List(
        "信息公开", "publications",
        (
            Column("publication_id", "编号", "id"), Column("title", "标题", "title"), Column("kind", "种类", "kind"),
            Column("object_id", "对象", "of"), STATUS, Column("time", "公开时间", "published", "time"),
            Column("late", "逾期", "late"), Column("source", "来源记录", "source", "int"), RECORD,
        ),
        _by_filter(disclosure.list_publications, disclosure.PublicationFilter),
        frozenset({"organisation", "status", "text"}), disclosure.get_publication,
    ),
    "organisations": List(
        "单位", "organisations",
        (
            Column("organisation_id", "编号", "id"), Column("name", "名称", "name"), Column("kind", "类别", "kind"),
            Column("parent", "上级", "parent"), Column("division_code", "区划", "division"), RECORD,
        ),
        _by_name(members.list_organisations, organisation="within"), frozenset({"organisation"}),
        members.get_organisation,
    ),
    "people": List(
        "人员", "people",
        (
            Column("person_id", "编号", "id"), Column("organisation", "单位", "organisation"),
            Column("post", "岗位", "post"), Column("revoked_by", "注销人", "revoked by"), RECORD,
        ),
        _by_name(members.list_people, organisation="within"), frozenset({"organisation", "role"}),
        members.get_person,
    ),
}  # fmt: skip
"""By the word that is typed."""
