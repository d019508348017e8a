"""Codes of the members contract; when each is given stands with its decide functions."""

from mingzhang.chain.codes.code import Code

NOT_AUTHORISED = Code(
    number=100,
    name="signer_not_authorised_for_organisation",
    zh="{signer} 在 {organisation} 范围内没有“{roles}”岗位授权",
    en="{signer} holds none of the roles {roles} for {organisation}",
    basis="内置规则:按单位、项目和期限授权",
    remedy_zh="由管理员在该单位范围内授权,或由有权人员办理",
    remedy_en="have the role granted for that organisation, or have an authorised person do it",
)
OWN_APPROVAL = Code(
    number=101,
    name="signer_approved_own_request",
    zh="{signer} 不能审批本人提交的事项",
    en="{signer} may not approve what they submitted",
    basis="内置规则:不相容岗位相分离(会计法第二十五条、行政事业单位内部控制规范)",
    remedy_zh="由另一名有权人员审批",
    remedy_en="have another authorised person approve it",
)
ORGANISATION_UNKNOWN = Code(
    number=102,
    name="organisation_not_found",
    zh="单位 {organisation} 未登记",
    en="organisation {organisation} is not registered",
    basis="内置规则:单位须先登记",
    remedy_zh="先由管理员登记该单位,或核对单位代码",
    remedy_en="have the organisation registered, or check the id",
)
PERSON_UNKNOWN = Code(
    number=103,
    name="person_not_found",
    zh="人员 {person} 未登记",
    en="person {person} is not enrolled",
    basis="内置规则:人员须先登记",
    remedy_zh="先办理人员登记,或核对人员代码",
    remedy_en="enrol the person first, or check the id",
)
GRANT_UNKNOWN = Code(
    number=104,
    name="grant_not_found",
    zh="{person} 没有编号为 {grant} 的授权",
    en="{person} holds no grant {grant}",
    basis="内置规则",
    remedy_zh="核对授权编号",
    remedy_en="check the grant id",
)
ROLE_UNKNOWN = Code(
    number=105,
    name="role_not_found",
    zh="岗位“{role}”不在岗位表中",
    en="the role {role} does not exist",
    basis="内置规则:岗位表",
    remedy_zh="从岗位表中选择",
    remedy_en="choose a role from the list",
)
OWN_GRANT = Code(
    number=106,
    name="signer_granted_own_role",
    zh="{signer} 不能给自己授权",
    en="{signer} may not grant a role to themselves",
    basis="内置规则:不相容岗位相分离",
    remedy_zh="由另一名管理员授权",
    remedy_en="have another administrator grant it",
)
CLOCK_NOT_STATED = Code(
    number=107,
    name="clock_is_not_stated",
    zh="本账本使用区块时间,不能由人设定时间",
    en="this ledger takes time from its blocks; nobody may state it",
    basis="创世设置:时钟",
    remedy_zh="仅沙盒时钟账本可用",
    remedy_en="only a ledger founded with a sandbox clock may",
)
TIME_GOES_BACK = Code(
    number=108,
    name="time_must_not_go_back",
    zh="设定的时间 {time} 早于账本时间 {ledger_time}",
    en="the stated time {time} is before ledger time {ledger_time}",
    basis="内置规则:账本时间只能前进",
    remedy_zh="设定不早于账本时间的时间",
    remedy_en="state a time that is not before ledger time",
)
FOUNDED_BEFORE = Code(
    number=109,
    name="ledger_already_founded",
    zh="账本已经创建",
    en="the ledger has been founded before",
    basis="内置规则:创世只有一次",
    remedy_zh="另建新账本",
    remedy_en="found another ledger",
)
PUBLIC_KEY_WRONG_SIZE = Code(
    number=110,
    name="public_key_has_wrong_size",
    zh="公钥长度应为 {bytes} 字节(密码套件 {suite})",
    en="the public key must have {bytes} bytes (suite {suite})",
    basis="创世设置:密码套件",
    remedy_zh="按本账本的密码套件生成密钥",
    remedy_en="make a key of this ledger's suite",
)
RESERVED_ID = Code(
    number=111,
    name="id_is_reserved",
    zh="“{person}”是系统保留编号",
    en="{person} is a reserved id",
    basis="内置规则",
    remedy_zh="换一个编号",
    remedy_en="choose another id",
)
KEY_NOT_REVOKED = Code(
    number=112,
    name="key_must_be_revoked_first",
    zh="{person} 的现用密钥尚未注销,不能登记新密钥",
    en="the key of {person} must be revoked before a new one is enrolled",
    basis="内置规则:换钥须由两人办理",
    remedy_zh="先由一名管理员注销旧密钥,再由另一名管理员登记新密钥",
    remedy_en="have one administrator revoke it, then another enrol the new key",
)
SAME_PERSON_TWICE = Code(
    number=113,
    name="two_people_required",
    zh="换钥须由两人办理:注销和登记不能是同一人({signer})",
    en="two people are required: {signer} may not both revoke and renew",
    basis="内置规则:换钥须由两人办理",
    remedy_zh="由另一名管理员登记新密钥",
    remedy_en="have another administrator enrol the new key",
)
GRANT_EXISTS = Code(
    number=114,
    name="grant_already_held",
    zh="{person} 已有编号为 {grant} 的授权",
    en="{person} already holds a grant {grant}",
    basis="内置规则:编号唯一",
    remedy_zh="换一个授权编号",
    remedy_en="use another grant id",
)
KEY_NOT_NEW = Code(
    number=115,
    name="key_must_be_new",
    zh="{person} 的新公钥与已注销的公钥相同",
    en="the new public key of {person} is the one that was revoked",
    basis="内置规则:注销的密钥不得使用",
    remedy_zh="生成新的密钥后登记",
    remedy_en="make a new key and enrol that",
)
GRANT_SPAN_EMPTY = Code(
    number=116,
    name="grant_span_is_empty",
    zh="授权止期 {until_time} 不晚于起期 {from_time}",
    en="the grant ends at {until_time}, not after it begins at {from_time}",
    basis="内置规则:按单位、项目和期限授权",
    remedy_zh="改正起止时间",
    remedy_en="correct the span of time",
)

CODES: tuple[Code, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Code))
