"""Codes of the standards contract; when each is given stands with its decide functions."""

from mingzhang.chain.codes.code import Code

CODE_UNKNOWN = Code(
    number=150,
    name="code_not_in_table",
    zh="{table}({year} 年)中没有代码 {code}",
    en="there is no code {code} in the table {table} of {year}",
    basis="预算法第四十六条;内置规则:代码须在当年代码表内",
    remedy_zh="从当年代码表中选择;确需新增的,由标准委员会发布",
    remedy_en="choose a code of the year's table, or have the committee publish it",
)
CODE_OF_ANOTHER_YEAR = Code(
    number=151,
    name="code_of_another_year",
    zh="代码 {code} 属于 {other_year} 年的{table},不在 {year} 年的表内",
    en="the code {code} belongs to {other_year}, not to the table {table} of {year}",
    basis="内置规则:代码表按年度管理",
    remedy_zh="按 {year} 年代码表选择对应代码",
    remedy_en="use the code of {year}",
)
CODE_CHANGED = Code(
    number=152,
    name="code_must_keep_its_meaning",
    zh="{year} 年代码 {code} 已发布为“{name}”,不得改变含义",
    en="the code {code} of {year} was published as {name} and must keep its meaning",
    basis="内置规则:已发布代码当年不变",
    remedy_zh="使用新的代码",
    remedy_en="use a new code",
)
CODE_TWICE = Code(
    number=153,
    name="code_given_twice",
    zh="{table}({year} 年)中有代码重复列出",
    en="a code is listed twice for {table} of {year}",
    basis="内置规则:代码唯一",
    remedy_zh="删除重复的代码",
    remedy_en="remove the repeated code",
)
STANDARD_UNKNOWN = Code(
    number=154,
    name="standard_not_found",
    zh="{year} 年没有支出标准 {standard}",
    en="there is no spending standard {standard} for {year}",
    basis="内置规则:支出标准按年度发布",
    remedy_zh="核对标准编号,或由标准委员会发布",
    remedy_en="check the id, or have the committee publish it",
)
PARAMETER_UNKNOWN = Code(
    number=155,
    name="parameter_not_found",
    zh="没有名为 {name} 的参数",
    en="there is no parameter {name}",
    basis="内置规则:参数表",
    remedy_zh="从参数表中选择",
    remedy_en="choose a parameter of the table",
)
PARAMETER_FOR_THE_PAST = Code(
    number=156,
    name="parameter_must_not_hold_for_the_past",
    zh="参数生效时间 {from_time} 早于账本时间 {time}",
    en="the time {from_time} is before ledger time {time}",
    basis="内置规则:不溯及既往",
    remedy_zh="改为不早于当前账本时间",
    remedy_en="choose a time that is not in the past",
)

CODES: tuple[Code, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Code))
