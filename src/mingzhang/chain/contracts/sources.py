"""What may be published of each kind of object: its source record, its organisation and its clear fields by name.

Sealed values have no field here: neither commitments nor blind indexes ever leave in a publication. Which of the fields
the public sees is decided in disclosure.py by the rules in force.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

from mingzhang.chain.contracts.agreements import read_agreement
from mingzhang.chain.contracts.budgets import read_line
from mingzhang.chain.contracts.declarations import OPERATORS, Indicator, Measure
from mingzhang.chain.contracts.evaluations import read_evaluation
from mingzhang.chain.contracts.members import read_organisation
from mingzhang.chain.contracts.milestones import read_milestones
from mingzhang.chain.contracts.oversight import read_finding
from mingzhang.chain.contracts.payments import read_payment
from mingzhang.chain.contracts.projects import read_declaration, read_project
from mingzhang.chain.contracts.scorecards import IndicatorScore
from mingzhang.chain.operations import Evolve, Operation
from mingzhang.chain.state import View

# --- Commands ---

# None: disclosure.py publishes.

# --- Events ---

# Likewise.

# --- Keys ---

# The keys of the contracts that are read.

# --- Rules ---

Kind = Literal["project", "budget_line", "agreement", "payment", "evaluation", "finding"]
Shape = Literal["text", "id", "plain"]
"""Texts and ids can be masked; amounts, dates, codes and scores are shown or withheld."""


class Field(NamedTuple):
    """A field that may be published: its shape, and what it is called on a page."""

    shape: Shape
    title: str


_OF_ORGANISATION = {
    "organisation": Field("id", "单位代码"),
    "organisation_name": Field("text", "单位名称"),
}
FIELDS: dict[str, dict[str, Field]] = {
    "project": _OF_ORGANISATION
    | {
        "name": Field("text", "项目名称"),
        "department": Field("id", "主管部门代码"),
        "department_name": Field("text", "主管部门"),
        "category": Field("plain", "项目类别"),
        "kind": Field("plain", "项目类型"),
        "status": Field("plain", "状态"),
        "version": Field("plain", "申报版本"),
        "start_date": Field("plain", "开始日期"),
        "end_date": Field("plain", "结束日期"),
        "total_fen": Field("plain", "申报金额(分)"),
        "approved_fen": Field("plain", "批复金额(分)"),
        "approved_year_fen": Field("plain", "分年度批复金额(分)"),
        "justification": Field("text", "立项依据"),
        "goal": Field("text", "绩效目标"),
        "indicator_name": Field("text", "绩效指标"),
        "indicator_target": Field("plain", "指标值"),
        "submitted_by": Field("id", "申报人"),
        "reviewed_by": Field("id", "审核人"),
    },
    "budget_line": _OF_ORGANISATION
    | {
        "project_id": Field("id", "项目编号"),
        "year": Field("plain", "预算年度"),
        "function_code": Field("plain", "功能分类科目"),
        "department_economic_code": Field("plain", "部门预算经济分类科目"),
        "government_economic_code": Field("plain", "政府预算经济分类科目"),
        "paid_from": Field("plain", "支付方式"),
        "approved_fen": Field("plain", "批复数(分)"),
        "adjusted_fen": Field("plain", "调整数(分)"),
        "total_fen": Field("plain", "调整后预算数(分)"),
        "encumbered_fen": Field("plain", "合同占用(分)"),
        "in_transit_fen": Field("plain", "在途(分)"),
        "paid_fen": Field("plain", "已支付(分)"),
        "available_fen": Field("plain", "可用(分)"),
    },
    "agreement": _OF_ORGANISATION
    | {
        "title": Field("text", "合同名称"),
        "kind": Field("plain", "合同类型"),
        "project_id": Field("id", "项目编号"),
        "counterparty": Field("id", "对方代码"),
        "counterparty_name": Field("text", "对方名称"),
        "total_fen": Field("plain", "合同金额(分)"),
        "status": Field("plain", "状态"),
        "version": Field("plain", "变更次数"),
        "milestone_name": Field("text", "付款节点"),
        "milestone_fen": Field("plain", "节点金额(分)"),
    },
    "payment": _OF_ORGANISATION
    | {
        "line_id": Field("id", "指标编号"),
        "project_id": Field("id", "项目编号"),
        "agreement_id": Field("id", "合同编号"),
        "payee_id": Field("id", "收款人编号"),
        "amount_fen": Field("plain", "金额(分)"),
        "purpose": Field("text", "用途"),
        "business_date": Field("plain", "业务日期"),
        "status": Field("plain", "状态"),
        "requested_by": Field("id", "经办人"),
    },
    "evaluation": _OF_ORGANISATION
    | {
        "project_id": Field("id", "项目编号"),
        "year": Field("plain", "评价年度"),
        "status": Field("plain", "状态"),
        "narrative": Field("text", "自评说明"),
        "formula_total": Field("plain", "公式得分"),
        "self_total": Field("plain", "自评得分"),
        "final_total": Field("plain", "最终得分"),
        "final_grade": Field("plain", "评价等级"),
        "indicator_name": Field("text", "绩效指标"),
        "indicator_target": Field("plain", "指标值"),
        "indicator_actual": Field("plain", "实际完成值"),
        "indicator_weight": Field("plain", "分值"),
        "indicator_score": Field("plain", "公式得分"),
        "submitted_by": Field("id", "填报人"),
    },
    "finding": _OF_ORGANISATION
    | {
        "level": Field("plain", "监督层级"),
        "subject_kind": Field("plain", "事项类型"),
        "subject_id": Field("id", "事项编号"),
        "questioned_record": Field("plain", "所问记录"),
        "title": Field("text", "标题"),
        "text": Field("text", "发现内容"),
        "legal_basis": Field("plain", "依据"),
        "severity": Field("plain", "程度"),
        "status": Field("plain", "状态"),
        "overdue": Field("plain", "是否逾期"),
        "stance": Field("plain", "责任单位意见"),
        "answer_text": Field("text", "答复"),
        "conclusion": Field("plain", "结论"),
        "conclusion_text": Field("text", "结论说明"),
        "raised_by": Field("id", "提出人"),
    },
}
"""Every field there is. A value whose name has a part after a dot, as in `milestone_fen.advance`, is one of several."""


class Source(NamedTuple):
    """What an object has to show now: the record it stands in, and its values by field."""

    record: int
    organisation: str
    values: list[tuple[str, str]]


def read_source(view: View, kind: str, object_id: str) -> Source:
    """An object's clear fields as they stand, in the order of FIELDS. Raises Refused when there is no such object."""
    record, organisation, values = _READERS[kind](view, object_id)
    values += [("organisation", organisation), ("organisation_name", read_organisation(view, organisation).name)]
    order = {field: at for at, field in enumerate(FIELDS[kind])}
    return Source(record, organisation, sorted(dict(values).items(), key=lambda pair: order[field_of(pair[0])]))


def field_of(name: str) -> str:
    """The field a value belongs to: `milestone_fen.advance` -> `milestone_fen`."""
    return name.partition(".")[0]


def decimal(digits: int, scale: int) -> str:
    """Digits ÷ 10 to the power of scale as text: (9550, 2) -> '95.50'."""
    sign, digits = ("-", -digits) if digits < 0 else ("", digits)
    whole, part = divmod(digits, 10**scale)
    return f"{sign}{whole}.{part:0{scale}d}" if scale else f"{sign}{whole}"


def _fields(kind: str, found: object) -> list[tuple[str, str]]:
    """Values of the fields that the stored object has under the same name."""
    pairs = ((name, getattr(found, name, None)) for name in FIELDS[kind])
    return [(name, _text(value)) for name, value in pairs if value is not None and value != ""]


def _text(value: object) -> str:
    if value is True or value is False:
        return "true" if value else "false"
    return str(value)


def _project(view: View, object_id: str) -> Source:
    project = read_project(view, object_id)
    declaration = read_declaration(view, project)
    values = _fields("project", project)
    values += [
        ("department_name", read_organisation(view, project.department).name),
        ("justification", declaration.justification),
    ]
    values += [(f"approved_year_fen.{one.year}", str(one.amount_fen)) for one in project.approved]
    for targets in declaration.targets:
        values.append((f"goal.{targets.year or 'whole'}", targets.goal))
        for indicator in targets.indicators:
            values.append((f"indicator_name.{indicator.indicator_id}", indicator.name))
            values.append((f"indicator_target.{indicator.indicator_id}", _target(indicator)))
    return Source(project.decided_record or project.record, project.organisation, values)


def _target(indicator: Indicator | IndicatorScore) -> str:
    if indicator.target is None:
        return indicator.target_text if isinstance(indicator, Indicator) else ""
    return f"{OPERATORS[indicator.operator]}{_measure(indicator.target, indicator.unit_of_measure)}"


def _measure(measure: Measure, unit: str) -> str:
    return decimal(measure.digits, measure.scale) + unit


def _line(view: View, object_id: str) -> Source:
    line = read_line(view, object_id)
    return Source(line.record, line.organisation, _fields("budget_line", line))


def _agreement(view: View, object_id: str) -> Source:
    agreement = read_agreement(view, object_id)
    values = _fields("agreement", agreement)
    values.append(("counterparty_name", read_organisation(view, agreement.counterparty).name))
    for milestone in read_milestones(view, object_id, agreement.milestone_ids):
        values.append((f"milestone_name.{milestone.terms.milestone_id}", milestone.terms.name))
        values.append((f"milestone_fen.{milestone.terms.milestone_id}", str(milestone.terms.amount_fen)))
    return Source(agreement.record, agreement.organisation, values)


def _payment(view: View, object_id: str) -> Source:
    payment = read_payment(view, object_id)
    values = _fields("payment", payment)
    project_id = read_line(view, payment.line_id).project_id
    if project_id is not None:
        values.append(("project_id", project_id))
    return Source(payment.record, payment.organisation, values)


def _evaluation(view: View, object_id: str) -> Source:
    evaluation = read_evaluation(view, object_id)
    values = [pair for pair in _fields("evaluation", evaluation) if not pair[0].startswith(("self_", "final_"))]
    values.append(("formula_total", decimal(evaluation.card.total, 2)))
    values.append(("self_total", decimal(evaluation.self_total, 2)))
    if evaluation.final_grade is not None:
        values.append(("final_total", decimal(evaluation.final_total, 2)))
        values.append(("final_grade", evaluation.final_grade.name))
    for one in evaluation.card.indicators:
        values.append((f"indicator_name.{one.indicator_id}", one.name))
        values.append((f"indicator_target.{one.indicator_id}", _target(one)))
        actual = one.level or "" if one.actual is None else _measure(one.actual, one.unit_of_measure)
        values.append((f"indicator_actual.{one.indicator_id}", actual))
        values.append((f"indicator_weight.{one.indicator_id}", decimal(one.weight, 2)))
        if one.score is not None:
            values.append((f"indicator_score.{one.indicator_id}", decimal(one.score, 2)))
    return Source(evaluation.final_record or evaluation.record, evaluation.organisation, values)


def _finding(view: View, object_id: str) -> Source:
    finding = read_finding(view, object_id)
    return Source(finding.decided_record or finding.record, finding.responsible, _fields("finding", finding))


_READERS: dict[str, Callable[[View, str], Source]] = {
    "project": _project,
    "budget_line": _line,
    "agreement": _agreement,
    "payment": _payment,
    "evaluation": _evaluation,
    "finding": _finding,
}
COMMANDS: dict[type, Operation] = {}
EVENTS: dict[type, Evolve] = {}
