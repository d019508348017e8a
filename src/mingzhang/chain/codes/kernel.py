"""Codes of the machine: results of every contract (1-9), refusals at the door (10-49), and of the loop (50-79)."""

from mingzhang.chain.codes.code import Code

OK = Code(number=1, name="ok", zh="已受理", en="accepted")
EXISTS = Code(
    number=2,
    name="exists",
    zh="{object_id} 已按完全相同的内容登记,本次不重复登记",
    en="{object_id} was recorded before with exactly this content; nothing was recorded twice",
)
INTERNAL_REFUSAL = Code(
    number=3,
    name="internal_refusal",
    zh="系统规则在处理本项时出错,本项未生效,已告警;账本继续运行",
    en="a rule failed while judging this item; the item had no effect, an alert was raised, the ledger goes on",
    basis="内置规则:规则出错时不放行",
    remedy_zh="请联系系统管理员;修复后以新的编号重新提交",
    remedy_en="contact the administrator; submit again under a new id once repaired",
)
EXISTS_WITH_DIFFERENT = Code(
    number=4,
    name="exists_with_different_content",
    zh="编号 {object_id} 已登记,但“{field}”不同",
    en="{object_id} exists with a different {field}",
    basis="内置规则:编号唯一,登记后不得改写",
    remedy_zh="核对编号;确为新事项的,请使用新的编号",
    remedy_en="check the id; use a new id if this is a new matter",
)
OBJECT_OF_ANOTHER_ORGANISATION = Code(
    number=5,
    name="object_id_of_another_organisation",
    zh="编号 {object_id} 的前缀应为提交人所在单位 {organisation}",
    en="the id {object_id} must begin with the signer's organisation {organisation}",
    basis="内置规则:编号以本单位代码开头",
    remedy_zh="改用以本单位代码开头的编号",
    remedy_en="use an id that begins with your organisation's id",
)

ENVELOPE_TOO_LARGE = Code(
    number=10,
    name="envelope_too_large",
    zh="提交内容 {bytes} 字节,超过上限 {limit} 字节",
    en="{bytes} bytes exceed the limit of {limit}",
    basis="内置限制",
    remedy_zh="拆成多个批次提交",
    remedy_en="split into several batches",
)
ENVELOPE_MALFORMED = Code(
    number=11,
    name="envelope_malformed",
    zh="提交内容不符合规定格式:{detail}",
    en="not a well-formed envelope: {detail}",
    basis="内置规则:规范字节",
    remedy_zh="按提示的字段改正后重新签名提交",
    remedy_en="correct the named field, sign again and submit",
)
WRONG_CHAIN = Code(
    number=12,
    name="wrong_chain",
    zh="该交易签给账本 {chain_id},本账本为 {expected}",
    en="signed for ledger {chain_id}; this ledger is {expected}",
    basis="内置规则:交易须写明账本编号",
    remedy_zh="以本账本编号重新签名",
    remedy_en="sign again with this ledger's id",
)
ENVELOPE_EXPIRED = Code(
    number=13,
    name="envelope_expired",
    zh="交易有效期至 {expires_at},账本时间已是 {time}",
    en="valid until {expires_at}, ledger time is {time}",
    basis="内置规则:交易有时限",
    remedy_zh="以新的有效期重新签名提交",
    remedy_en="sign again with a new time bound",
)
TIME_BOUND_TOO_FAR = Code(
    number=14,
    name="time_bound_too_far",
    zh="交易有效期 {expires_at} 超过账本时间 24 小时以上",
    en="the time bound {expires_at} is more than 24 hours ahead of ledger time",
    basis="内置规则:有效期不超过 24 小时",
    remedy_zh="缩短有效期后重新签名",
    remedy_en="sign again with a time bound within 24 hours",
)
ENVELOPE_REPLAYED = Code(
    number=15,
    name="envelope_replayed",
    zh="同一交易已经处理过,不再重复处理",
    en="this very envelope has been processed before",
    basis="内置规则:防重放",
    remedy_zh="无需重复提交;如为新事项,请重新签名",
    remedy_en="nothing to do; sign a new envelope for a new matter",
)
SIGNER_UNKNOWN = Code(
    number=16,
    name="signer_unknown",
    zh="签名人 {signer} 未在账本登记",
    en="signer {signer} is not enrolled",
    basis="内置规则:签名人须登记",
    remedy_zh="由本单位管理员办理登记",
    remedy_en="have your administrator enrol you",
)
SIGNER_REVOKED = Code(
    number=17,
    name="signer_revoked",
    zh="签名人 {signer} 的密钥已注销",
    en="the key of signer {signer} has been revoked",
    basis="内置规则:注销的密钥不得使用",
    remedy_zh="重新登记新密钥后再提交",
    remedy_en="enrol a new key and sign with it",
)
KEY_NOT_OF_SIGNER = Code(
    number=18,
    name="key_not_of_signer",
    zh="交易所附公钥不是 {signer} 登记的公钥",
    en="the public key is not the one enrolled for {signer}",
    basis="内置规则:签名人与公钥一致",
    remedy_zh="使用登记的密钥签名",
    remedy_en="sign with the enrolled key",
)
SIGNATURE_INVALID = Code(
    number=19,
    name="signature_invalid",
    zh="签名验证不通过:内容或签名被改动,或密钥不对",
    en="the signature does not verify: content or signature was altered, or the key is wrong",
    basis="内置规则:签名验证",
    remedy_zh="用本人密钥对原内容重新签名",
    remedy_en="sign the original content with your own key",
)
ITEMS_ROOT_WRONG = Code(
    number=20,
    name="items_root_wrong",
    zh="批次内容与签名所覆盖的摘要不一致",
    en="the items do not match the root and count that were signed",
    basis="内置规则:批次签名覆盖全部事项",
    remedy_zh="由原提交人对完整批次重新签名",
    remedy_en="sign the complete batch again",
)
NO_GRANT = Code(
    number=21,
    name="signer_has_no_grant_for_command",
    zh="{signer} 没有办理“{command}”的任何授权",
    en="{signer} holds no grant for {command}",
    basis="内置规则:最小授权",
    remedy_zh="由管理员授予相应岗位,或由有权人员办理",
    remedy_en="ask the administrator for the role, or have an authorised person do it",
)
OVER_QUOTA = Code(
    number=22,
    name="over_quota",
    zh="{signer} 在本区块的提交已达上限 {limit} 笔",
    en="{signer} has reached the limit of {limit} items in this block",
    basis="内置限制",
    remedy_zh="稍后重试",
    remedy_en="try again later",
    retry=True,
)
COMMAND_IS_INTERNAL = Code(
    number=23,
    name="command_is_internal",
    zh="“{command}”只能由账本自身触发",
    en="{command} is issued by the ledger itself only",
    basis="内置规则",
    remedy_zh="满足触发条件后由账本自动办理",
    remedy_en="meet the conditions; the ledger will issue it",
)
FOLLOW_UPS_TOO_DEEP = Code(
    number=50,
    name="follow_ups_too_deep",
    zh="连锁事项超过 {limit} 层,本项未办理",
    en="follow-up items nest deeper than {limit}; this one was not carried out",
    basis="内置限制",
    remedy_zh="请联系系统管理员核查规则",
    remedy_en="have the administrator check the rules",
)
FOLLOW_UPS_TOO_MANY = Code(
    number=51,
    name="follow_ups_too_many",
    zh="一项引发的连锁事项超过 {limit} 项,本项未办理",
    en="one item called for more than {limit} follow-up items; this one was not carried out",
    basis="内置限制",
    remedy_zh="拆分后分别办理",
    remedy_en="split the matter",
)
INVARIANT_BROKEN = Code(
    number=52,
    name="invariant_would_break",
    zh="本项若生效将破坏账本不变式“{invariant}”({key}),未生效,已告警",
    en="the item would break the invariant {invariant} at {key}; it had no effect, an alert was raised",
    basis="内置规则:不变式",
    remedy_zh="请联系系统管理员",
    remedy_en="contact the administrator",
)

CODES = tuple(value for value in list(globals().values()) if isinstance(value, Code))
