"""Codes of agreements, their changes, attestations and releases; the decide functions say when each is given."""

from mingzhang.chain.codes.code import Code

AGREEMENT_UNKNOWN = Code(
    number=300,
    name="agreement_not_found",
    zh="没有协议 {agreement}",
    en="there is no agreement {agreement}",
    basis="内置规则",
    remedy_zh="核对协议编号",
    remedy_en="check the id",
)
AGREEMENT_NOT_IN_FORCE = Code(
    number=301,
    name="agreement_is_not_in_force",
    zh="协议 {agreement} 未生效或已终止(现为 {status})",
    en="the agreement {agreement} is not in force (it is {status})",
    basis="民法典第四百九十条:自双方签署时成立",
    remedy_zh="由对方确认签署后再办;已终止的,另行签订",
    remedy_en="have the other side countersign first; sign a new one if it has ended",
)
AGREEMENT_NOT_PROPOSED = Code(
    number=302,
    name="agreement_is_not_waiting_for_countersignature",
    zh="协议 {agreement} 不在待对方签署状态(现为 {status})",
    en="the agreement {agreement} is not waiting for its countersignature (it is {status})",
    basis="内置规则:一事一决",
    remedy_zh="已生效的,通过变更或终止处理",
    remedy_en="change or terminate one that is in force",
)
COUNTERPARTY_IS_UNIT = Code(
    number=303,
    name="counterparty_is_the_unit_itself",
    zh="协议对方 {counterparty} 与本单位 {organisation} 是同一单位或上下级",
    en="the counterparty {counterparty} is the unit {organisation} itself, or above or below it",
    basis="内置规则:不得与本单位签约",
    remedy_zh="填写实际承包、供应单位",
    remedy_en="name the contractor's or supplier's organisation",
)
LINE_OF_ANOTHER_PROJECT = Code(
    number=304,
    name="line_of_another_project",
    zh="指标 {line} 不属于本协议的单位和项目",
    en="the line {line} is not of the agreement's unit and project",
    basis="预算法第六十三条:不得改变预算支出用途",
    remedy_zh="选择同一单位、同一项目的指标",
    remedy_en="choose a line of the same unit and project",
)
MILESTONES_TOTAL_WRONG = Code(
    number=305,
    name="milestones_must_sum_to_total",
    zh="各节点合计 {sum_fen} 元,与协议总额 {total_fen} 元不一致",
    en="the milestones sum to {sum_fen} yuan, the agreement to {total_fen}",
    basis="内置规则:节点合计等于协议总额",
    remedy_zh="核对各节点金额和总额(含已支付的节点)",
    remedy_en="check the amounts, those already released included",
)
MILESTONE_TWICE = Code(
    number=306,
    name="milestone_id_taken",
    zh="节点编号 {milestone} 重复,或该节点的款项已支付",
    en="the milestone id {milestone} is given twice, or is of one already released",
    basis="内置规则:编号唯一;已支付的节点不得变更",
    remedy_zh="改用其他节点编号",
    remedy_en="use another milestone id",
)
CONDITION_TWICE = Code(
    number=307,
    name="condition_given_twice",
    zh="节点 {milestone} 的条件 {condition} 重复",
    en="the condition {condition} of milestone {milestone} is given twice",
    basis="内置规则:编号唯一",
    remedy_zh="每项条件只写一次",
    remedy_en="give each condition once",
)
CONDITIONS_MISSING = Code(
    number=308,
    name="milestone_needs_a_condition",
    zh="节点 {milestone} 没有支付条件:只有预付款和质保金可以不设条件",
    en="the milestone {milestone} has no condition; only an advance and retention money may go without",
    basis="预算法实施条例第五十七条:按进度支付",
    remedy_zh="写明进度、验收等条件和见证人",
    remedy_en="state conditions, such as progress or acceptance, and who attests them",
)
TWO_INVOICES = Code(
    number=309,
    name="milestone_has_two_invoices",
    zh="节点 {milestone} 设了多项发票条件:一次支付只对应一张发票",
    en="the milestone {milestone} has more than one invoice condition; one payment has one invoice",
    basis="内置规则:一票一付",
    remedy_zh="把节点拆开,每个节点一张发票",
    remedy_en="split the milestone, one invoice each",
)
RETENTION_WITHOUT_DATE = Code(
    number=310,
    name="retention_needs_a_release_date",
    zh="质保金节点 {milestone} 没有写明可以返还的时间",
    en="the retention money {milestone} does not say from when it may be released",
    basis="建设工程质量保证金管理办法:约定缺陷责任期和返还时间",
    remedy_zh="填写缺陷责任期满的时间",
    remedy_en="give the time at which the defects period ends",
)
RETENTION_TOO_HIGH = Code(
    number=311,
    name="retention_exceeds_limit",
    zh="质保金合计 {retention_fen} 元,超过协议总额的 {limit_bp}/10000,即 {limit_fen} 元",
    en="retention money of {retention_fen} yuan exceeds {limit_bp}/10000 of the total, {limit_fen} yuan",
    basis="建设工程质量保证金管理办法:总预留比例不高于工程价款结算总额的 3%(参数 retention_max_bp)",
    remedy_zh="减少质保金",
    remedy_en="retain less",
)
ATTESTOR_IS_COUNTERPARTY = Code(
    number=312,
    name="attestor_is_the_counterparty",
    zh="节点 {milestone} 的见证单位 {organisation} 就是协议对方,不能以第三方身份见证",
    en="the attestor {organisation} of milestone {milestone} is the counterparty, not a third party",
    basis="建筑法第三十四条:监理单位与承包单位不得有隶属关系或其他利害关系",
    remedy_zh="由监理或其他第三方见证;由对方自行提交的,写明角色为施工方",
    remedy_en="name a third party; for what the counterparty itself delivers, name the role contractor",
)
BUDGET_YEAR_NOT_APPROVED = Code(
    number=313,
    name="budget_year_not_approved",
    zh="{year} 年的节点合计 {requested_fen} 元,项目在该年批复 {approved_fen} 元",
    en="the milestones of {year} sum to {requested_fen} yuan, the project was granted {approved_fen} for it",
    basis="预算法第十三条:未列入预算的不得支出",
    remedy_zh="把节点安排在有批复的年度,或先报批该年预算",
    remedy_en="place them in a year with an approved budget, or have it approved first",
)
AGREEMENT_DATES_WRONG = Code(
    number=314,
    name="agreement_dates_wrong",
    zh="协议起止日期有误:{start_date} 至 {end_date}",
    en="the agreement's dates are wrong: {start_date} to {end_date}",
    basis="内置规则",
    remedy_zh="核对起止日期",
    remedy_en="check the dates",
)
NOT_A_PARTY = Code(
    number=315,
    name="signer_is_not_a_party",
    zh="{signer} 不是协议 {agreement} 任何一方的有权人员",
    en="{signer} may act for no party of the agreement {agreement}",
    basis="内置规则:由协议双方办理",
    remedy_zh="由本单位负责人、财务,或对方的施工方代表办理",
    remedy_en="have the unit's head or finance, or the counterparty's contractor do it",
)
MILESTONE_UNKNOWN = Code(
    number=316,
    name="milestone_not_found",
    zh="协议 {agreement} 没有节点 {milestone}",
    en="the agreement {agreement} has no milestone {milestone}",
    basis="内置规则",
    remedy_zh="核对节点编号",
    remedy_en="check the milestone id",
)
CONDITION_UNKNOWN = Code(
    number=317,
    name="condition_not_found",
    zh="节点 {milestone} 没有条件 {condition}",
    en="the milestone {milestone} has no condition {condition}",
    basis="内置规则",
    remedy_zh="核对条件编号",
    remedy_en="check the condition id",
)
CONDITION_ATTESTED = Code(
    number=318,
    name="condition_already_attested",
    zh="节点 {milestone} 的条件 {condition} 已由 {attestation} 见证",
    en="the condition {condition} of {milestone} was attested by {attestation}",
    basis="内置规则:一项条件见证一次",
    remedy_zh="原见证有误的,先由见证人撤回",
    remedy_en="have a wrong attestation withdrawn by who gave it",
)
ATTESTATION_BY_WRONG_PARTY = Code(
    number=319,
    name="attestation_by_wrong_party",
    zh="{signer} 不是该条件约定的见证人:应由 {organisation} 的{role}见证",
    en="{signer} is not the agreed attestor: it must be a {role} of {organisation}",
    basis="内置规则:条件由协议约定的一方见证",
    remedy_zh="由约定单位的有权人员见证",
    remedy_en="have an authorised person of that organisation attest it",
)
INVOICE_UNFIT = Code(
    number=320,
    name="invoice_must_fit_condition",
    zh="节点 {milestone} 的条件 {condition}:发票条件须附发票索引,其他条件不附",
    en="condition {condition} of {milestone}: an invoice condition carries the invoice's index, any other does not",
    basis="内置规则",
    remedy_zh="发票条件附发票索引,其他条件留空",
    remedy_en="give the index for an invoice condition only",
)
INVOICE_IN_AGREEMENT = Code(
    number=321,
    name="invoice_attested_for_another_milestone",
    zh="同一发票已用于本协议的节点 {milestone}",
    en="the same invoice was attested for the milestone {milestone}",
    basis="会计法第十四条;内置规则:一票一付",
    remedy_zh="核对发票",
    remedy_en="check the invoice",
)
ATTESTATION_UNKNOWN = Code(
    number=322,
    name="attestation_not_found",
    zh="没有见证 {attestation}",
    en="there is no attestation {attestation}",
    basis="内置规则",
    remedy_zh="核对见证编号",
    remedy_en="check the id",
)
ATTESTATION_OF_ANOTHER = Code(
    number=323,
    name="attestation_of_another_person",
    zh="见证 {attestation} 由 {by} 作出,只能由本人撤回",
    en="the attestation {attestation} was given by {by}, who alone may withdraw it",
    basis="内置规则:谁见证、谁负责",
    remedy_zh="由作出见证的人撤回",
    remedy_en="have that person withdraw it",
)
ATTESTATION_NOT_OPEN = Code(
    number=324,
    name="attestation_supports_nothing_open",
    zh="见证 {attestation} 所支持的节点都已支付、变更或撤回,不能撤回",
    en="nothing that the attestation {attestation} supports is still open",
    basis="内置规则:款项支付后不得撤回见证",
    remedy_zh="已支付的,通过银行退回或红冲处理",
    remedy_en="have the payment returned or reversed",
)
CONDITIONS_OPEN = Code(
    number=325,
    name="conditions_not_met",
    zh="节点 {milestone} 的条件 {condition} 尚未见证",
    en="the condition {condition} of milestone {milestone} has not been attested",
    basis="协议约定的支付条件",
    remedy_zh="由约定的见证人见证",
    remedy_en="have it attested by who was named",
)
MILESTONE_NOT_DUE = Code(
    number=326,
    name="milestone_not_due",
    zh="节点 {milestone} 的款项最早在账本时间 {not_before} 支付",
    en="the milestone {milestone} is not released before ledger time {not_before}",
    basis="协议约定的支付时间",
    remedy_zh="到期后账本自动支付",
    remedy_en="the ledger releases it when the time has come",
)
MILESTONE_RELEASED = Code(
    number=327,
    name="milestone_already_released",
    zh="节点 {milestone} 已支付({payment},现为 {status}),不重复支付",
    en="the milestone {milestone} was released before ({payment}, now {status}); nothing was paid twice",
    basis="内置规则:一个节点支付一次,银行退回的除外",
    remedy_zh="银行退回的,由单位财务申请重新支付",
    remedy_en="after a return by the bank, have the unit's finance retry it",
)
MILESTONE_NOT_BOUND = Code(
    number=328,
    name="milestone_of_a_later_budget_year",
    zh="节点 {milestone} 由 {year} 年预算承担,协议现由 {line_year} 年指标支付",
    en="the milestone {milestone} is borne by the budget of {year}, the agreement is paid from a line of {line_year}",
    basis="预算法第十三条、第十八条",
    remedy_zh="待该年指标下达后转换指标",
    remedy_en="switch the agreement to a line of that year",
)
AGREEMENT_DISPUTED = Code(
    number=329,
    name="agreement_is_disputed",
    zh="协议 {agreement} 有争议,自动支付已暂停",
    en="the agreement {agreement} is disputed; automatic releases are paused",
    basis="内置规则:争议期间暂停支付",
    remedy_zh="争议解决后账本自动恢复支付",
    remedy_en="resolve the dispute; the ledger then goes on by itself",
)
AGREEMENT_NOT_DISPUTED = Code(
    number=330,
    name="agreement_is_not_disputed",
    zh="协议 {agreement} 没有争议",
    en="the agreement {agreement} is not disputed",
    basis="内置规则",
    remedy_zh="无需处理",
    remedy_en="nothing to resolve",
)
DISPUTE_NOT_RESOLVABLE = Code(
    number=331,
    name="dispute_not_resolvable_by_signer",
    zh="争议由对方或本人提出,{signer} 不能解除",
    en="{signer} may not resolve a dispute raised by the other side, or by themselves",
    basis="内置规则:不得自行裁断对方的异议",
    remedy_zh="由财政国库人员解除;本单位提出的,可由另一名单位负责人解除",
    remedy_en="have the treasury resolve it; one raised by the unit, another head of the unit",
)
CHANGE_UNKNOWN = Code(
    number=332,
    name="change_not_found",
    zh="没有协议变更 {change}",
    en="there is no change {change}",
    basis="内置规则",
    remedy_zh="核对变更编号",
    remedy_en="check the id",
)
CHANGE_DECIDED = Code(
    number=333,
    name="change_already_decided",
    zh="协议变更 {change} 已处理({status})",
    en="the change {change} has been decided ({status})",
    basis="内置规则:一事一决",
    remedy_zh="如需再变更,请另行提出",
    remedy_en="propose another one",
)
CHANGE_STALE = Code(
    number=334,
    name="change_is_stale",
    zh="变更 {change} 提出之后,协议 {agreement} 已变更或已有款项支付",
    en="the agreement {agreement} was changed or released money after {change} was proposed",
    basis="内置规则:变更针对提出时的协议",
    remedy_zh="按现在的协议重新提出变更",
    remedy_en="propose the change anew",
)
CHANGE_BY_ONE_SIDE = Code(
    number=335,
    name="change_needs_the_other_side",
    zh="变更 {change} 由本方提出,须由对方确认",
    en="the change {change} was proposed by the signer's own side; the other must accept it",
    basis="民法典第五百四十三条:协商一致可以变更合同",
    remedy_zh="由对方的有权人员确认",
    remedy_en="have the other side accept it",
)

CODES: tuple[Code, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Code))
