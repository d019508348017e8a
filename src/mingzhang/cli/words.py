"""What fields and fixed words are called on a screen. Programs get the ledger's own words (--json)."""

from collections.abc import Sequence
from typing import Any

LABELS = {
    "account_commitment": "账户（密封）", "actual": "实际值", "adjusted": "调整", "agreement_id": "合同",
    "allocated": "已分配", "amount": "金额", "answer": "答复", "approved": "批准", "approved_by": "批准人",
    "at": "时间", "attestations": "见证", "available": "可用", "basis": "依据", "blocked_by": "冻结人",
    "blocked_reason": "冻结原因", "bound": "占用", "business_date": "业务日期", "by": "经办人", "card": "评分表",
    "category": "类别", "change": "变动", "changed_record": "变更记录", "changed_time": "变更时间",
    "clarifications": "澄清次数", "code": "代码", "conclusion": "结论", "conclusion_text": "结论说明",
    "contract_files": "合同文件", "counterparty": "对方单位", "countersigned_by": "会签人", "date": "日期",
    "deadline": "期限", "decided_by": "审核人", "department": "主管部门", "department_economic_code": "部门经济分类",
    "disputed_by": "争议方", "disputed_reason": "争议原因", "disputed_side": "提出争议的一方",
    "division_code": "区划", "document": "文号", "due_date": "期限", "due_time": "期限", "encumbered": "合同占用",
    "end_date": "结束日期", "ended_reason": "终止原因", "escalated_to": "报知单位", "escalation": "报知次数",
    "evaluation_id": "评价编号", "evidence": "附件", "facts": "事实", "field": "字段", "fields": "字段",
    "files": "附件", "final_grade": "最终等级", "final_record": "定分记录", "final_time": "定分时间",
    "final_total": "最终分", "finding_id": "问题编号", "first_record": "首条记录", "follows": "接续问题",
    "formula_grade": "公式等级", "formula_total": "公式分", "frozen": "冻结", "function_code": "功能分类",
    "fund_type": "资金性质", "goal": "绩效目标", "government_economic_code": "政府经济分类", "height": "高度",
    "holds": "待审原因", "in_transit": "在途", "index": "序号", "indicator_id": "指标编号", "invoice": "发票（盲索引）",
    "justification": "立项依据", "kind": "类型", "late": "逾期", "legal_basis": "法律依据", "level": "来源",
    "limit": "上限", "line": "指标", "line_id": "指标", "method_division": "评价办法区划", "method_id": "评价办法",
    "milestone_id": "节点", "milestone_ids": "节点", "milestones": "节点", "name": "名称", "narrative": "说明",
    "notice": "说明", "object_id": "对象", "opinion": "意见", "organisation": "单位",
    "organisation_id": "单位编号", "organisation_name": "单位名称", "outcome": "结果", "overdue": "逾期",
    "paid": "已付", "paid_from": "付款渠道", "parent": "上级", "path": "层级", "payee_id": "收款人编号",
    "payee_name": "收款人", "payment_id": "支付编号", "person_id": "人员编号", "planned": "用款计划", "post": "岗位",
    "procurement_document": "采购文件", "project": "项目", "project_id": "项目", "project_name": "项目名称",
    "proposed_by": "提出人", "public_key": "公钥", "publication_id": "公开编号", "purpose": "用途",
    "questioned_record": "所质疑的记录", "raised_by": "提出人", "reason": "原因", "receipt_id": "回单编号",
    "record": "记录", "records": "记录数", "released": "已付", "replaces": "所替代的", "reported_by": "回报人",
    "requested": "申请", "requested_by": "申请人", "reserved": "待审占用", "responsible": "责任单位",
    "revoked_by": "注销人", "revoked_reason": "注销原因", "role": "岗位", "round": "轮次", "score": "得分",
    "self_grade": "自评等级", "self_total": "自评分", "settled_date": "到账日期", "severity": "程度",
    "signer": "提交人", "slices": "分年度", "source": "来源记录", "spent": "已用", "stance": "态度",
    "start_date": "开始日期", "statement": "见证内容", "status": "状态", "subject_id": "对象",
    "subject_kind": "对象种类", "submitted_by": "提交人", "table": "代码表", "targets": "绩效目标", "text": "内容",
    "time": "时间", "title": "标题", "total": "总额", "treatment": "处理", "unit_prices": "单价（密封）",
    "value": "值", "verdict": "决定", "version": "版次", "weight": "权重", "withdrawn_reason": "撤回原因",
    "withheld": "不公开的字段", "year": "年度", "years": "年度",
}  # fmt: skip
"""Chinese names of fields, amounts without their unit."""
STATUSES: dict[str, dict[str, str]] = {
    "payments": {
        "settled": "已支付", "in_transit": "在途", "held": "待审核", "rejected": "已拒绝", "returned": "已退回",
        "reversed": "已红冲",
    },
    "projects": {
        "submitted": "已申报", "returned": "已退回", "reviewed": "已审核", "approved": "已批复", "rejected": "未通过",
        "closed": "已结项",
    },
    "agreements": {"proposed": "待会签", "in_force": "生效", "withdrawn": "已撤回", "terminated": "已终止"},
    "evaluations": {"submitted": "已自评", "replaced": "已替代", "final": "已定分"},
    "findings": {"open": "待答复", "answered": "已答复", "returned": "已退回", "closed": "已办结"},
    "publications": {"in_force": "公开中", "replaced": "已替代", "withdrawn": "已撤回"},
}  # fmt: skip
"""The states of what each list shows; a state may be called otherwise in another list."""
WORDS: dict[str, dict[str, str]] = {
    "kind": {
        "government": "政府", "finance": "财政", "audit": "审计", "congress": "人大", "department": "主管部门",
        "unit": "预算单位", "bank": "银行", "supervisor": "监理", "supplier": "供应商", "agency": "代理机构",
        "personnel": "人员类", "operation": "运转类", "special": "特定目标类", "construction": "工程",
        "purchase": "货物", "service": "服务", "enterprise": "企业", "individual": "个人", "project": "项目",
        "budget_line": "指标", "agreement": "合同", "payment": "支付", "evaluation": "绩效评价", "finding": "监督问题",
        "advance": "预付款", "progress": "进度款", "acceptance": "验收", "retention": "质保金", "final": "尾款",
        "progress_node": "进度节点", "invoice": "发票", "document": "文件",
    },
    "level": {"self_check": "自查", "department": "主管部门", "audit": "审计"},
    "severity": {"general": "一般", "serious": "较重", "grave": "严重"},
    "conclusion": {"substantiated": "属实", "not_substantiated": "不属实", "rectified": "已整改"},
    "stance": {"accept": "认可", "contest": "有异议"},
    "outcome": {"settled": "已到账", "returned": "已退回"},
    "treatment": {"clear": "公开", "masked": "遮盖", "hidden": "不公开"},
    "verdict": {
        "approve": "同意", "reject": "不同意", "pass": "通过", "return": "退回", "close": "销号", "send_back": "退回",
    },
    "paid_from": {"treasury": "国库", "project_account": "项目专户"},
    "subject_kind": {
        "project": "项目", "budget_line": "指标", "agreement": "合同", "payment": "支付", "evaluation": "绩效评价",
        "organisation": "单位",
    },
}  # fmt: skip
"""Fixed words by the field they stand in."""
_UNITS = {"_fen": ("（元）", " (yuan)"), "_hundredths": ("", ""), "_bp": ("", "")}
"""Amounts are shown in yuan, so their heading says yuan."""


def heading(field: str, lang: str) -> str:
    """What a field is called: amount_fen is 金额（元） or amount (yuan). One without a name keeps its own."""
    for ending, units in _UNITS.items():
        if field.endswith(ending):
            name = field.removesuffix(ending)
            return name.replace("_", " ") + units[1] if lang == "en" else LABELS.get(name, name) + units[0]
    return field if lang == "en" else LABELS.get(field, field)


def word(field: str, value: Any, lang: str, *, what: str = "") -> Any:
    """A fixed word as it is shown; any other value as it is. `what` is the list whose states are meant."""
    if lang == "en" or not isinstance(value, str):
        return value
    if field == "status":
        return STATUSES.get(what, {}).get(value, value)
    return WORDS.get(field, {}).get(value, value)


def list_of(wire_name: str) -> str:
    """The list whose states a command or event speaks of: payments.requested/1 -> payments."""
    named = wire_name.partition(".")[0]
    return {"settlements": "payments", "reviews": "projects"}.get(named, named)


def status_named(what: str, typed: Sequence[str]) -> tuple[tuple[str, ...], str | None]:
    """The ledger's words for states typed in either language; and the first that is none of this list's."""
    known = STATUSES[what]
    by_word = {zh: en for en, zh in known.items()} | {en: en for en in known}
    wrong = next((one for one in typed if one not in by_word), None)
    return tuple(by_word[one] for one in typed if one in by_word), wrong
