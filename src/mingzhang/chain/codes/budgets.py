"""Codes of budget lines, allotments and adjustments; when each is given stands with their decide functions."""

from mingzhang.chain.codes.code import Code

LINE_UNKNOWN = Code(
    number=250,
    name="line_not_found",
    zh="没有指标 {line}",
    en="there is no budget line {line}",
    basis="预算法第十三条:经批准的预算,非经法定程序不得调整;支出必须以经批准的预算为依据,未列入预算的不得支出",
    remedy_zh="核对指标编号;确需支出的,先按程序申请预算",
    remedy_en="check the id; if the spending is needed, apply for a budget first",
)
EXCEEDS_AVAILABLE = Code(
    number=251,
    name="exceeds_available_balance",
    zh="申请 {requested_fen} 元,超过指标 {line} 可用余额 {available_fen} 元,超出 {excess_fen} 元",
    en="{requested_fen} yuan exceed the available balance of {line}, {available_fen} yuan, by {excess_fen} yuan",
    basis="预算法实施条例第五十七条:不得超预算支付",
    remedy_zh="减少 {excess_fen} 元,或先办理调剂、追加后再申请",
    remedy_en="ask for {excess_fen} yuan less, or have the line adjusted first",
)
EXCEEDS_ALLOCATED = Code(
    number=252,
    name="exceeds_allocated_funds",
    zh="申请 {requested_fen} 元,超过指标 {line} 已划拨到项目账户尚未使用的 {left_fen} 元",
    en="{requested_fen} yuan exceed what is left in the project account of {line}, {left_fen} yuan",
    basis="内置规则:先划拨、后支付",
    remedy_zh="由财政国库先行划拨,或减少金额",
    remedy_en="have the treasury allocate first, or ask for less",
)
LINE_FROZEN = Code(
    number=253,
    name="line_is_frozen",
    zh="指标 {line} 已冻结,不能新增占用、划拨或支付",
    en="the line {line} is frozen: nothing new may be bound, allocated or paid",
    basis="预算法实施条例第五十七条;内置规则:冻结指标停止支付",
    remedy_zh="由财政国库人员说明理由解冻后再办",
    remedy_en="have the treasury thaw the line, with a reason",
)
LINE_OF_ANOTHER_YEAR = Code(
    number=254,
    name="line_of_another_year",
    zh="指标 {line} 属于 {line_year} 年,业务日期在 {year} 年",
    en="the line {line} is of {line_year}, the business date lies in {year}",
    basis="预算法第十八条:预算年度自公历一月一日起至十二月三十一日止",
    remedy_zh="使用当年指标;上年未用完的先办理结转",
    remedy_en="use a line of that year, or have the old one carried over",
)
PROJECT_OF_ANOTHER_ORGANISATION = Code(
    number=255,
    name="project_of_another_organisation",
    zh="项目 {project} 不属于该单位",
    en="the project {project} belongs to another organisation",
    basis="内置规则:指标与项目单位一致",
    remedy_zh="核对单位和项目",
    remedy_en="check organisation and project",
)
EXCEEDS_PROJECT_APPROVAL = Code(
    number=256,
    name="exceeds_project_approval",
    zh="项目 {project} {year} 年批复 {approved_fen} 元,已下达指标 {given_fen} 元,本次 {requested_fen} 元超出批复",
    en="{project} was granted {approved_fen} yuan for {year}; with {given_fen} given, {requested_fen} is too much",
    basis="预算法第三十七条、第五十二条:按批复下达",
    remedy_zh="减少金额,或先办理追加",
    remedy_en="approve less, or have the project's budget supplemented first",
)
LINE_HAS_NO_PROJECT_ACCOUNT = Code(
    number=257,
    name="line_has_no_project_account",
    zh="指标 {line} 由国库直接支付,没有项目账户,不办理划拨",
    en="the line {line} is paid by the treasury and has no project account",
    basis="预算法第六十一条:国库集中收付",
    remedy_zh="直接申请支付",
    remedy_en="request the payment directly",
)
EXCEEDS_LINE_TOTAL = Code(
    number=258,
    name="exceeds_line_total",
    zh="划拨 {requested_fen} 元,超过指标 {line} 尚可划拨的 {left_fen} 元",
    en="{requested_fen} yuan exceed what may still be allocated from {line}, {left_fen} yuan",
    basis="内置规则:划拨不超过指标",
    remedy_zh="减少划拨金额",
    remedy_en="allocate less",
)
PLAN_EXCEEDS_LINE = Code(
    number=259,
    name="plan_exceeds_line",
    zh="用款计划合计 {planned_fen} 元,超过指标 {total_fen} 元",
    en="the plan sums to {planned_fen} yuan, more than the line's {total_fen}",
    basis="预算法实施条例第五十七条:按预算和用款计划支付",
    remedy_zh="调减计划,使合计不超过指标",
    remedy_en="plan no more than the line has",
)
LINE_NOT_FROZEN = Code(
    number=260,
    name="line_is_not_frozen",
    zh="指标 {line} 没有可解冻的内容(冻结金额 {frozen_fen} 元)",
    en="there is nothing to thaw on {line} ({frozen_fen} yuan frozen)",
    basis="内置规则",
    remedy_zh="核对指标和金额",
    remedy_en="check line and amount",
)
THAWED_OWN_FREEZE = Code(
    number=261,
    name="signer_thawed_own_freeze",
    zh="{signer} 不能解除本人作出的冻结",
    en="{signer} may not thaw what they froze",
    basis="内置规则:不相容岗位相分离",
    remedy_zh="由另一名国库人员解冻",
    remedy_en="have another treasury officer thaw it",
)
ADJUSTMENT_UNKNOWN = Code(
    number=262,
    name="adjustment_not_found",
    zh="没有调整申请 {adjustment}",
    en="there is no adjustment request {adjustment}",
    basis="内置规则",
    remedy_zh="核对编号",
    remedy_en="check the id",
)
ADJUSTMENT_DECIDED = Code(
    number=263,
    name="adjustment_already_decided",
    zh="调整申请 {adjustment} 已处理({status})",
    en="the adjustment request {adjustment} has been decided ({status})",
    basis="内置规则:一事一决",
    remedy_zh="如需再调整,请另行申请",
    remedy_en="file a new request",
)
LINES_OF_DIFFERENT_YEARS = Code(
    number=264,
    name="lines_of_different_years",
    zh="调出指标与调入指标不属于同一年度",
    en="the two lines are of different years",
    basis="预算法第十八条;跨年使用须办理结转",
    remedy_zh="在同一年度内调剂",
    remedy_en="transfer within one year",
)
SAME_LINE = Code(
    number=265,
    name="lines_must_be_different",
    zh="调出指标和调入指标不能相同",
    en="the two lines must be different",
    basis="内置规则",
    remedy_zh="选择不同的指标",
    remedy_en="choose two lines",
)
EXCEEDS_UNALLOCATED = Code(
    number=266,
    name="exceeds_unallocated_funds",
    zh="调出 {requested_fen} 元,超过指标 {line} 尚未划拨的 {left_fen} 元",
    en="{requested_fen} yuan exceed what is not yet allocated from {line}, {left_fen} yuan",
    basis="内置规则:已划拨到项目账户的资金不得调出",
    remedy_zh="减少调出金额",
    remedy_en="transfer less",
)

CODES: tuple[Code, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Code))
