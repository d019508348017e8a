"""Codes of the oversight contract; when each is given stands with its decide functions."""

from mingzhang.chain.codes.code import Code

FINDING_UNKNOWN = Code(
    number=450,
    name="finding_not_found",
    zh="没有编号为 {finding} 的监督发现",
    en="there is no finding {finding}",
    basis="内置规则:监督发现须先登记",
    remedy_zh="核对监督发现编号",
    remedy_en="check the finding's id",
)
RECORD_NOT_WRITTEN = Code(
    number=451,
    name="record_not_written_yet",
    zh="所问记录 {record} 尚不存在,账本目前写到 {next}",
    en="the record {record} does not exist; the next to be written is {next}",
    basis="内置规则:监督发现须指明账本上的记录",
    remedy_zh="填写被问事项的记录号",
    remedy_en="give the index of the record in question",
)
DEADLINE_PASSED = Code(
    number=452,
    name="deadline_must_lie_ahead",
    zh="答复期限 {deadline} 不晚于账本时间 {time}",
    en="the deadline {deadline} is not after ledger time {time}",
    basis="审计法第四十四条:被审计单位有期限提出书面意见",
    remedy_zh="设定之后的期限",
    remedy_en="set a later deadline",
)
FINDING_STATUS = Code(
    number=453,
    name="finding_not_in_that_state",
    zh="{finding} 的状态为“{status}”,本操作要求“{wanted}”",
    en="{finding} is {status}; this needs it to be {wanted}",
    basis="内置规则:发现、答复、结论依次办理",
    remedy_zh="按状态办理相应步骤",
    remedy_en="take the step that its state calls for",
)
ROUND_STALE = Code(
    number=454,
    name="finding_is_in_another_round",
    zh="{finding} 现为第 {round} 轮答复",
    en="{finding} is in round {round}",
    basis="内置规则:答复对应轮次",
    remedy_zh="按现轮次重新提交",
    remedy_en="submit again for the present round",
)
ANSWERED_OWN_FINDING = Code(
    number=455,
    name="signer_answered_own_finding",
    zh="{signer} 不能答复本人提出的监督发现",
    en="{signer} may not answer a finding they raised",
    basis="内置规则:不相容岗位相分离",
    remedy_zh="由责任单位的另一名有权人员答复",
    remedy_en="have another authorised person of the responsible organisation answer",
)
FOLLOWS_WRONG = Code(
    number=456,
    name="finding_follows_wrong_one",
    zh="{follows} 不是就同一事项、由下一级监督提出的发现",
    en="{follows} is not a finding of a lower level on the same subject",
    basis="内置规则:自查、主管、审计逐级监督",
    remedy_zh="核对所承接的发现,或不填",
    remedy_en="check which finding is taken up, or leave it out",
)
ANSWER_NEEDED = Code(
    number=457,
    name="conclusion_needs_an_answer",
    zh="{finding} 尚未答复且未到期限,不能作出“{conclusion}”结论",
    en="{finding} has not been answered and its time is not over; the conclusion {conclusion} must wait",
    basis="审计法第四十四条;审计法实施条例第三十九条:逾期未提出书面意见的,视同无异议",
    remedy_zh="待责任单位答复,或期限届满后再作结论",
    remedy_en="wait for the answer or for the deadline",
)

CODES: tuple[Code, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Code))
