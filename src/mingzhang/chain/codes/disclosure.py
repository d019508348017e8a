"""Codes of the disclosure contract; when each is given stands with its decide functions."""

from mingzhang.chain.codes.code import Code

_DISCLOSURE = "政府信息公开条例第十三条至第十五条、第三十七条:能区分处理的,公开可以公开的内容并说明理由"

FIELD_UNKNOWN = Code(
    number=500,
    name="field_not_of_kind",
    zh="“{kind}”没有可公开字段“{field}”",
    en="objects of the kind {kind} have no field {field} that may be published",
    basis="内置规则:可公开字段表;密封字段不在表内",
    remedy_zh="从可公开字段表中选择",
    remedy_en="choose a field of the table",
)
FIELD_NOT_MASKABLE = Code(
    number=501,
    name="field_cannot_be_masked",
    zh="“{kind}”的“{field}”是金额、日期、代码或分值,只能公开或不公开,不能部分遮盖",
    en="{field} of {kind} is an amount, date, code or score: it is clear or hidden, never masked",
    basis="内置规则:遮盖后的数字会误导公众",
    remedy_zh="改为公开(clear)或不公开(hidden)",
    remedy_en="make it clear or hidden",
)
PUBLICATION_UNKNOWN = Code(
    number=502,
    name="publication_not_found",
    zh="没有编号为 {publication} 的公开事项",
    en="there is no publication {publication}",
    basis="内置规则",
    remedy_zh="核对公开事项编号",
    remedy_en="check the publication's id",
)
PUBLISHED_BEFORE = Code(
    number=503,
    name="object_is_published_already",
    zh="{object_id} 已以 {publication} 公开",
    en="{object_id} is published already as {publication}",
    basis="内置规则:更新公开内容须写明替换的公开事项",
    remedy_zh="需要更新的,填写被替换的公开事项编号",
    remedy_en="name the publication that this one replaces",
)
REPLACES_WRONG = Code(
    number=504,
    name="publication_replaces_wrong_one",
    zh="{replaces} 不是同一事项最近的公开,不能由本次公开替换",
    en="{replaces} is not the latest publication of the same object",
    basis="内置规则:公开事项逐次替换",
    remedy_zh="填写同一事项最近一次公开的编号",
    remedy_en="name the latest publication of the same object",
)
NOTHING_PUBLIC = Code(
    number=505,
    name="no_field_is_public",
    zh="按现行公开规则,{object_id} 没有可以公开的字段",
    en="by the rules in force no field of {object_id} is public",
    basis=_DISCLOSURE,
    remedy_zh="先设定该类事项的字段公开规则",
    remedy_en="set the field rules of this kind first",
)
NOT_IN_FORCE = Code(
    number=506,
    name="publication_not_in_force",
    zh="{publication} 的状态为“{status}”",
    en="the publication {publication} is {status}",
    basis="内置规则",
    remedy_zh="对最近的公开事项办理",
    remedy_en="use the latest publication",
)
CLARIFICATION_NUMBER = Code(
    number=507,
    name="clarification_out_of_order",
    zh="{publication} 的下一条澄清应为第 {next} 条",
    en="the next clarification of {publication} has the number {next}",
    basis="内置规则:澄清按序号追加",
    remedy_zh="改用下一个序号",
    remedy_en="use the next number",
)

CODES: tuple[Code, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Code))
