"""Codes of the admissions contract; when each is given stands with its decide functions."""

from mingzhang.chain.codes.code import Code

_VOTE = "内置规则:联盟成员经成员单位表决进出"

PROPOSAL_UNKNOWN = Code(
    number=580,
    name="proposal_not_found",
    zh="没有编号为 {proposal} 的表决事项",
    en="there is no proposal {proposal}",
    basis=_VOTE,
    remedy_zh="核对表决事项编号",
    remedy_en="check the proposal's id",
)
MEMBER_ALREADY = Code(
    number=581,
    name="organisation_is_a_member_already",
    zh="{organisation} 已是联盟成员",
    en="{organisation} is a member of the consortium already",
    basis=_VOTE,
    remedy_zh="无需再次提议",
    remedy_en="nothing to propose",
)
NOT_A_MEMBER = Code(
    number=582,
    name="organisation_is_not_a_member",
    zh="{organisation} 不是联盟成员",
    en="{organisation} is not a member of the consortium",
    basis=_VOTE,
    remedy_zh="由联盟成员单位的管理员办理,或核对单位",
    remedy_en="have an administrator of a member do it, or check the organisation",
)
VOTED_BEFORE = Code(
    number=583,
    name="organisation_voted_otherwise_before",
    zh="{organisation} 已对 {proposal} 表决,不得改票",
    en="{organisation} has voted on {proposal}; a vote is not changed",
    basis="内置规则:一个成员单位一票",
    remedy_zh="待表决结束后另提事项",
    remedy_en="propose anew when the vote is over",
)
PROPOSAL_DECIDED = Code(
    number=584,
    name="proposal_is_decided",
    zh="{proposal} 的表决已结束,结果为 {status}",
    en="the vote on {proposal} is over: {status}",
    basis=_VOTE,
    remedy_zh="需要时另提事项",
    remedy_en="propose anew if needed",
)
VOTE_OVER = Code(
    number=585,
    name="voting_time_is_over",
    zh="表决截止时间 {vote_until} 不晚于账本时间 {time}",
    en="voting ends at {vote_until}, which is not after ledger time {time}",
    basis="内置规则:表决有期限",
    remedy_zh="另提事项,设定之后的截止时间",
    remedy_en="propose anew with a later end",
)
QUORUM_LOST = Code(
    number=586,
    name="removal_would_lose_the_quorum",
    zh="移出后只剩 {left} 个成员,少于检查点所需的 {threshold} 个签名",
    en="{left} members would remain, fewer than the {threshold} that must sign a checkpoint",
    basis="创世设置:检查点签名门限",
    remedy_zh="先接纳新成员",
    remedy_en="admit another member first",
)
CHECKPOINT_KEY_TAKEN = Code(
    number=587,
    name="checkpoint_key_of_another_member",
    zh="该检查点公钥已由 {organisation} 使用",
    en="the checkpoint key is that of {organisation}",
    basis="内置规则:每个成员单位使用自己的检查点密钥",
    remedy_zh="由新成员生成自己的密钥",
    remedy_en="have the new member make its own key",
)
ADMINISTRATOR_NEEDED = Code(
    number=588,
    name="first_administrator_needed",
    zh="{organisation} 没有上级单位,必须同时登记首任管理员",
    en="{organisation} has no organisation above it and needs a first administrator",
    basis="内置规则:人员由本单位或上级的管理员登记",
    remedy_zh="在提议中写明首任管理员及其公钥",
    remedy_en="name the first administrator and their public key",
)
OWN_REMOVAL = Code(
    number=589,
    name="member_may_not_vote_on_own_removal",
    zh="{organisation} 不参加关于自身移出的表决",
    en="{organisation} does not vote on its own removal",
    basis="内置规则:利害关系回避",
    remedy_zh="由其他成员单位表决",
    remedy_en="have the other members vote",
)
ADMINISTRATOR_ENROLLED = Code(
    number=590,
    name="first_administrator_is_enrolled_already",
    zh="{person} 已登记,不能再作为新成员的首任管理员登记",
    en="{person} is enrolled already and cannot be enrolled as the first administrator",
    basis="内置规则:编号唯一",
    remedy_zh="另定人员编号;已登记的单位无需首任管理员",
    remedy_en="use another person id; an organisation that is registered needs no first administrator",
)

CODES: tuple[Code, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Code))
