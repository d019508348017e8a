"""Codes of payees, payments and settlements; when each is given stands with their decide functions."""

from mingzhang.chain.codes.code import Code

PAYMENT_UNKNOWN = Code(
    number=350,
    name="payment_not_found",
    zh="没有支付申请 {payment}",
    en="there is no payment {payment}",
    basis="内置规则",
    remedy_zh="核对支付编号",
    remedy_en="check the id",
)
PAYMENT_ID_TAKEN = Code(
    number=351,
    name="payment_id_taken",
    zh="支付编号 {payment} 已被使用",
    en="the payment id {payment} is taken",
    basis="内置规则:编号唯一",
    remedy_zh="使用新的编号",
    remedy_en="use another id",
)
PAYEE_UNKNOWN = Code(
    number=352,
    name="payee_not_found",
    zh="收款人 {payee} 未登记",
    en="the payee {payee} is not registered",
    basis="内置规则:收款人须先登记",
    remedy_zh="由单位财务先登记收款人",
    remedy_en="have the payee registered first",
)
PAYEE_SUSPENDED = Code(
    number=353,
    name="payee_is_suspended",
    zh="收款人 {payee} 已暂停支付",
    en="payments to {payee} are suspended",
    basis="内置规则:暂停支付的收款人",
    remedy_zh="由另一名国库人员说明理由恢复后再办",
    remedy_en="have another treasury officer resume it, with a reason",
)
PAYEE_NAME_UNFIT = Code(
    number=354,
    name="payee_name_must_fit_kind",
    zh="收款人 {payee}:单位收款人须写明名称;个人收款人的姓名须密封,不得明文登记",
    en="payee {payee}: an enterprise is named in clear, an individual's name is sealed",
    basis="个人信息保护法第六条:最小必要",
    remedy_zh="个人收款人只提交姓名的密封承诺",
    remedy_en="for an individual give the sealed name's commitment only",
)
ACCOUNT_TAKEN = Code(
    number=355,
    name="account_of_another_payee",
    zh="该账户已登记在收款人 {payee} 名下",
    en="this account is registered for the payee {payee}",
    basis="内置规则:一户一收款人",
    remedy_zh="使用已登记的收款人,或核对账号",
    remedy_en="use that payee, or check the account",
)
PAYEE_NOT_RESUMABLE = Code(
    number=356,
    name="payee_not_resumable_by_signer",
    zh="收款人 {payee} 未被暂停,或由 {signer} 本人暂停",
    en="the payee {payee} is not suspended, or was suspended by {signer}",
    basis="内置规则:不相容岗位相分离",
    remedy_zh="由另一名国库人员恢复",
    remedy_en="have another treasury officer resume it",
)
INVOICE_USED = Code(
    number=357,
    name="invoice_already_used",
    zh="同一发票已用于支付 {payment},不得重复支付",
    en="the same invoice was used for the payment {payment}",
    basis="会计法第十四条;内置规则:一票一付",
    remedy_zh="核对发票;原支付确有错误的,先办理红冲",
    remedy_en="check the invoice; if the other payment was wrong, reverse it first",
)
BUSINESS_DATE_IN_FUTURE = Code(
    number=358,
    name="business_date_in_future",
    zh="业务日期 {business_date} 晚于账本日期 {today}",
    en="the business date {business_date} is after the ledger's date {today}",
    basis="内置规则:业务日期不得晚于账本时间",
    remedy_zh="改正业务日期",
    remedy_en="correct the date",
)
EXCEEDS_PLAN = Code(
    number=359,
    name="exceeds_spending_plan",
    zh="申请 {requested_fen} 元,加上已用 {spent_fen} 元,超过截至本月的用款计划 {planned_fen} 元",
    en="{requested_fen} yuan with {spent_fen} spent exceed the plan up to this month, {planned_fen} yuan",
    basis="预算法实施条例第五十七条:不得超计划支付",
    remedy_zh="调整用款计划,或待下月办理",
    remedy_en="change the plan, or wait for the next month",
)
PAYMENT_NOT_HELD = Code(
    number=360,
    name="payment_is_not_held",
    zh="支付 {payment} 不在待审核状态(现为 {status})",
    en="the payment {payment} is not waiting for a decision (it is {status})",
    basis="内置规则:一事一决",
    remedy_zh="无需再审核",
    remedy_en="nothing to decide",
)
LINE_BLOCKED_SINCE = Code(
    number=361,
    name="line_was_frozen_since",
    zh="指标 {line} 在申请之后已被冻结,不能同意支付",
    en="the line {line} was frozen after the request",
    basis="内置规则:冻结指标停止支付",
    remedy_zh="解冻后再审核,或不同意本次支付",
    remedy_en="have it thawed first, or reject the payment",
)
PAYMENT_NOT_IN_TRANSIT = Code(
    number=362,
    name="payment_is_not_in_transit",
    zh="支付 {payment} 不在在途状态(现为 {status}),不能登记回单",
    en="the payment {payment} is not in transit (it is {status})",
    basis="内置规则:先指令、后回单",
    remedy_zh="核对支付编号",
    remedy_en="check the payment id",
)
PAYMENT_NOT_SETTLED = Code(
    number=363,
    name="payment_is_not_settled",
    zh="支付 {payment} 尚未支付完成(现为 {status}),不能红冲",
    en="the payment {payment} is not settled (it is {status}) and cannot be reversed",
    basis="内置规则:红冲针对已完成的支付",
    remedy_zh="待审核的可不同意,在途的由银行退回",
    remedy_en="reject it while held; have the bank return it while in transit",
)
REVERSAL_UNKNOWN = Code(
    number=364,
    name="reversal_not_found",
    zh="没有红冲申请 {reversal}",
    en="there is no reversal {reversal}",
    basis="内置规则",
    remedy_zh="核对编号",
    remedy_en="check the id",
)
REVERSAL_DECIDED = Code(
    number=365,
    name="reversal_already_decided",
    zh="红冲申请 {reversal} 已处理({status})",
    en="the reversal {reversal} has been decided ({status})",
    basis="内置规则:一事一决",
    remedy_zh="无需再处理",
    remedy_en="nothing to decide",
)
REFUND_EXCEEDS_PAID = Code(
    number=366,
    name="refund_exceeds_paid_amount",
    zh="退款 {requested_fen} 元,超过指标 {line} 已支付的 {paid_fen} 元",
    en="the refund of {requested_fen} yuan exceeds what {line} has paid, {paid_fen} yuan",
    basis="内置规则:退款不超过已支付金额",
    remedy_zh="核对指标、年度和金额",
    remedy_en="check line, year and amount",
)

CODES: tuple[Code, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Code))
