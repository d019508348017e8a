"""Codes of the methods contract; when each is given stands with its decide functions."""

from mingzhang.chain.codes.code import Code

METHOD_UNKNOWN = Code(
    number=550,
    name="method_not_found",
    zh="没有适用于 {division} 的 {year} 年评价办法“{method}”",
    en="there is no evaluation method {method} of {year} for the division {division}",
    basis="项目支出绩效评价管理办法(财预〔2020〕10号);内置规则:评价办法须先发布",
    remedy_zh="核对办法编号和年度,或由标准委员会发布该办法",
    remedy_en="check id and year, or have the committee publish the method",
)
SCHEME_UNKNOWN = Code(
    number=551,
    name="weight_scheme_not_in_method",
    zh="评价办法中没有权重方案“{scheme}”,可选:{known}",
    en="the method has no weight scheme {scheme}; it has {known}",
    basis="评价办法的权重方案",
    remedy_zh="选用办法列出的权重方案",
    remedy_en="choose one of the method's schemes",
)
SCHEME_NOT_100 = Code(
    number=552,
    name="scheme_weights_must_sum_to_100",
    zh="权重方案“{scheme}”合计为 {sum_hundredths}(百分之一分),应为 10000",
    en="the weights of the scheme {scheme} sum to {sum_hundredths} hundredths, they must sum to 10000",
    basis="财预〔2020〕10号:总分 100 分",
    remedy_zh="调整执行率及各类指标的权重,使合计为 100 分",
    remedy_en="let execution and the groups sum to 100.00",
)
DIMENSION_TWICE = Code(
    number=553,
    name="dimension_in_two_groups",
    zh="权重方案“{scheme}”中“{dimension}”出现不止一次",
    en="the scheme {scheme} names the dimension {dimension} more than once",
    basis="内置规则:一类指标只有一个权重",
    remedy_zh="每类指标只列入一组",
    remedy_en="name each dimension in one group",
)
BANDS_HAVE_GAPS = Code(
    number=554,
    name="bands_must_cover_all",
    zh="分档“{level}”与上一档不衔接或超出范围:应衔接于 {expected_bp}(万分之一)",
    en="the band {level} leaves a gap, overlaps or goes beyond; expected {expected_bp} basis points",
    basis="内置规则:分档自 100% 至 0 连续,含两端",
    remedy_zh="按从高到低、首尾相接的顺序列出各档",
    remedy_en="list bands from the highest down, each beginning where the last ends",
)
GRADES_NOT_FALLING = Code(
    number=555,
    name="grades_must_fall_to_zero",
    zh="评价等级的起始分应从高到低且最后一级从 0 分起",
    en="grades must be listed from the best down, the last from 0 points on",
    basis="内置规则:任何得分都有等级",
    remedy_zh="按从高到低排列,最后一级起始分填 0",
    remedy_en="order the grades and let the last begin at 0",
)
CONSEQUENCE_UNCLEAR = Code(
    number=556,
    name="consequence_needs_its_rate",
    zh="等级“{grade}”的结果应用不明确:增减须填 1 以上的比例(核减不超过 10000),维持须填 0,现为 {change_bp}",
    en="grade {grade}: raise and cut need a rate (a cut at most 10000), keep needs 0; given {change_bp}",
    basis="预算法第三十二条;内置规则:结果应用须可计算",
    remedy_zh="填写与处理方式一致的比例",
    remedy_en="give a rate that agrees with the consequence",
)
LISTED_TWICE = Code(
    number=557,
    name="method_lists_id_twice",
    zh="编号“{id}”在权重方案、分档或等级中重复",
    en="the id {id} is listed twice among schemes, bands or grades",
    basis="内置规则:编号唯一",
    remedy_zh="更换重复的编号",
    remedy_en="use another id",
)

CODES: tuple[Code, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Code))
