"""Codes of the projects contract and its review; when each is given stands with its decide functions."""

from mingzhang.chain.codes.code import Code

PROJECT_UNKNOWN = Code(
    number=200,
    name="project_not_found",
    zh="项目 {project} 未申报",
    en="project {project} has not been declared",
    basis="内置规则:项目须先申报入库",
    remedy_zh="核对项目编号,或先申报项目",
    remedy_en="check the id, or declare the project",
)
PROJECT_NOT_APPROVED = Code(
    number=201,
    name="project_not_approved",
    zh="项目 {project} 未经财政审批通过或已办结(状态:{status})",
    en="project {project} is not approved or is closed (status {status})",
    basis="预算法第十三条;预算法实施条例第四十一条(项目库入库评审)",
    remedy_zh="完成审核审批后再办理",
    remedy_en="have the project reviewed and approved first",
)
PROJECT_STATUS = Code(
    number=202,
    name="project_stands_otherwise",
    zh="项目 {project} 当前状态为 {status},本操作要求状态为 {wanted}",
    en="project {project} is {status}; this needs it to be {wanted}",
    basis="内置规则:申报、审核、审批依次进行",
    remedy_zh="查看项目办理记录,待状态符合后再办理",
    remedy_en="look at the project's steps and act when it stands as needed",
)
VERSION_STALE = Code(
    number=203,
    name="version_is_not_current",
    zh="项目 {project} 的现行版本为第 {version} 版,与所办理的版本不符",
    en="the current version of project {project} is {version}",
    basis="内置规则:只能对现行版本表态;新版本号为现行版本号加一",
    remedy_zh="按现行版本重新审阅后办理",
    remedy_en="look at the current version and act on that",
)
UNIT_CHANGED = Code(
    number=204,
    name="unit_must_stay",
    zh="项目 {project} 的申报单位为 {organisation},修改版本不得更换单位",
    en="project {project} belongs to {organisation}; a new version may not change that",
    basis="内置规则:项目归属不变",
    remedy_zh="由原单位修改;确需移交的,另行申报",
    remedy_en="let the same unit revise; declare anew to hand over",
)
REVIEWER_APPROVES = Code(
    number=205,
    name="reviewer_may_not_also_approve",
    zh="{signer} 已作主管部门审核,不能再作财政审批",
    en="{signer} reviewed for the department and may not approve for finance",
    basis="内置规则:不相容岗位相分离(行政事业单位内部控制规范)",
    remedy_zh="由另一名有权人员审批",
    remedy_en="have another authorised person approve",
)
NOT_A_DEPARTMENT = Code(
    number=206,
    name="department_does_not_supervise",
    zh="{department} 不是 {organisation} 的上级单位,也不是登记的主管部门",
    en="{department} is neither above {organisation} nor registered as a department",
    basis="预算法第二十五条(部门预算由本部门及其所属各单位预算组成)",
    remedy_zh="填写本单位的主管部门",
    remedy_en="name the unit's supervising department",
)
DATES_REVERSED = Code(
    number=207,
    name="end_before_start",
    zh="项目止期 {end_date} 早于起期 {start_date}",
    en="the end {end_date} is before the start {start_date}",
    basis="内置规则",
    remedy_zh="核对起止日期",
    remedy_en="check the dates",
)
SLICE_YEAR_WRONG = Code(
    number=208,
    name="slice_year_out_of_order_or_span",
    zh="年度 {year} 的资金安排应在项目起止期({start_date} 至 {end_date})内,且按年度递增、不重复",
    en="the slice of {year} must lie within {start_date} to {end_date}, years ascending and once each",
    basis="内置规则:跨年度项目分年度安排",
    remedy_zh="按起止期逐年填列",
    remedy_en="list the years of the span once each, ascending",
)
TOTAL_WRONG = Code(
    number=209,
    name="parts_must_sum_to_total",
    zh="{part} 合计 {sum_fen} 元,与项目总额 {total_fen} 元不符",
    en="the {part} sum to {sum_fen}, the total is {total_fen}",
    basis="内置规则:总额等于分年度合计,也等于测算明细合计",
    remedy_zh="核对金额",
    remedy_en="correct the amounts",
)
ITEM_HALF_SEALED = Code(
    number=210,
    name="sealed_item_must_not_show_parts",
    zh="测算项“{item}”已密封单价和数量,不得同时公开其中任何一项或引用支出标准",
    en="the item {item} seals quantity and unit cost and may show neither, nor name a standard",
    basis="内置规则:数量、单价知其一即可推出另一项",
    remedy_zh="只填密封承诺和金额,或全部公开",
    remedy_en="give the commitment and the amount only, or everything in clear",
)
ITEM_WITHOUT_UNIT_COST = Code(
    number=211,
    name="item_needs_quantity_and_unit_cost",
    zh="测算项“{item}”缺少数量或单价",
    en="the item {item} lacks quantity or unit cost",
    basis="内置规则:测算须列数量和单价",
    remedy_zh="补填数量和单价;须保密的填密封承诺",
    remedy_en="give both, or a commitment where they must be sealed",
)
ITEM_AMOUNT_WRONG = Code(
    number=212,
    name="item_amount_is_not_the_product",
    zh="测算项“{item}”数量×单价为 {product_fen} 元,与金额 {amount_fen} 元不符",
    en="the item {item}: quantity × unit cost is {product_fen}, the amount is {amount_fen}",
    basis="内置规则:金额等于数量乘以单价",
    remedy_zh="核对数量、单价和金额",
    remedy_en="correct quantity, unit cost or amount",
)
BEYOND_STANDARD = Code(
    number=213,
    name="amount_beyond_standard_without_reason",
    zh="测算项“{item}”金额 {amount_fen} 元超过支出标准“{standard}”核算的 {standard_fen} 元,且未说明理由",
    en="the item {item} of {amount_fen} is beyond {standard_fen}, all that {standard} allows, without a reason",
    basis="支出标准;预算法第三十二条(按支出标准编制)",
    remedy_zh="按标准核减,或填写突破标准的理由",
    remedy_en="keep to the standard, or give the reason",
)
TARGETS_MISSING = Code(
    number=214,
    name="performance_targets_missing",
    zh="{kind}项目须填报绩效目标",
    en="a project of the kind {kind} needs performance targets",
    basis="预算法实施条例第二十条;中发〔2018〕34号(绩效目标随预算同步申报)",
    remedy_zh="填报绩效目标和指标",
    remedy_en="add targets and indicators",
)
METHOD_MISSING = Code(
    number=215,
    name="method_missing",
    zh="填报绩效目标的项目须选定评价办法",
    en="a project with targets needs an evaluation method",
    basis="内置规则:目标权重依评价办法核对",
    remedy_zh="选定评价办法",
    remedy_en="name the method",
)
TARGET_PERIOD_WRONG = Code(
    number=216,
    name="target_period_wrong",
    zh="“{period}”的绩效目标重复,或不在资金安排的年度内",
    en="the targets of {period} are given twice or are not of a year with money",
    basis="内置规则:每个年度及总体各一套目标",
    remedy_zh="每个年度一套,总体一套",
    remedy_en="give one set a year and one for the whole",
)
INDICATOR_TWICE = Code(
    number=217,
    name="indicator_id_twice",
    zh="指标编号 {indicator} 重复",
    en="the indicator id {indicator} is used twice",
    basis="内置规则:指标编号在项目内唯一",
    remedy_zh="更换编号",
    remedy_en="use another id",
)
INDICATOR_KIND_WRONG = Code(
    number=218,
    name="indicator_kind_not_of_dimension",
    zh="指标 {indicator} 的二级类别“{kind}”不属于“{dimension}”",
    en="the kind {kind} of indicator {indicator} does not belong under {dimension}",
    basis="财预〔2021〕101号指标分类",
    remedy_zh="按一级、二级指标对应关系选择",
    remedy_en="choose a kind of that dimension",
)
TARGET_VALUE_WRONG = Code(
    number=219,
    name="target_value_must_fit_operator",
    zh="指标 {indicator}(性质:{operator})指标值不符:定量指标只填数值,定性指标只填文字",
    en="indicator {indicator} ({operator}) needs a number if quantitative, a text if qualitative, not both",
    basis="财预〔2021〕101号:指标性质、指标值、度量单位分列",
    remedy_zh="按指标性质填写",
    remedy_en="fill in what the operator asks for",
)
WEIGHT_ZERO = Code(
    number=220,
    name="indicator_weight_zero",
    zh="指标 {indicator} 的分值为 0",
    en="the indicator {indicator} has no weight",
    basis="内置规则:每项指标有分值",
    remedy_zh="填写分值,或删除该指标",
    remedy_en="give a weight, or drop the indicator",
)
DIMENSION_NOT_IN_SCHEME = Code(
    number=221,
    name="dimension_not_in_scheme",
    zh="指标 {indicator} 属“{dimension}”,权重方案“{scheme}”未设该类",
    en="the scheme {scheme} has no weight for {dimension}, to which indicator {indicator} belongs",
    basis="评价办法的权重方案",
    remedy_zh="改用含该类指标的权重方案",
    remedy_en="choose a scheme that has it",
)
WEIGHTS_WRONG = Code(
    number=222,
    name="weights_must_match_method",
    zh="“{dimensions}”分值合计 {sum_hundredths}(百分之一分),权重方案“{scheme}”要求 {wanted_hundredths}",
    en="the weights of {dimensions} sum to {sum_hundredths} hundredths, the scheme {scheme} wants {wanted_hundredths}",
    basis="评价办法的权重方案(财预〔2020〕10号)",
    remedy_zh="调整指标分值",
    remedy_en="correct the weights",
)
NO_TARGETS_FOR_PERIOD = Code(
    number=223,
    name="no_targets_for_period",
    zh="项目 {project} 没有“{period}”的绩效目标",
    en="project {project} has no targets for {period}",
    basis="内置规则:按申报的目标评价",
    remedy_zh="选择已申报目标的年度或总体",
    remedy_en="choose a period with targets",
)
AMOUNTS_WITHOUT_APPROVAL = Code(
    number=224,
    name="amounts_without_approval",
    zh="项目 {project} 未予通过,不应填写核定金额",
    en="project {project} is not being approved, so no amounts may be given",
    basis="内置规则",
    remedy_zh="删除核定金额,或选择通过",
    remedy_en="leave the amounts out, or approve",
)
APPROVED_YEARS_WRONG = Code(
    number=225,
    name="approved_years_must_match",
    zh="核定金额须逐年填列,年度为:{years}",
    en="approved amounts must be given for each of the years {years}",
    basis="内置规则:按申报年度核定",
    remedy_zh="按申报年度逐年填列,不予安排的填 0",
    remedy_en="give each year asked for, 0 where nothing is approved",
)
APPROVED_BEYOND_ASKED = Code(
    number=226,
    name="approved_beyond_asked",
    zh="{year} 年核定 {approved_fen} 元,超过申报的 {asked_fen} 元",
    en="{approved_fen} approved for {year}, only {asked_fen} were asked for",
    basis="内置规则:核定不超过申报",
    remedy_zh="核减至申报数以内,或退回由单位重新申报",
    remedy_en="approve no more, or return the project",
)
APPROVED_NOTHING = Code(
    number=227,
    name="approved_nothing",
    zh="项目 {project} 各年核定合计为 0,不应作通过处理",
    en="nothing at all would be approved for project {project}",
    basis="内置规则",
    remedy_zh="不予安排的,选择退回或不予通过",
    remedy_en="return or reject instead",
)
DATE_UNKNOWN = Code(
    number=228,
    name="date_not_in_calendar",
    zh="日期 {date} 不存在",
    en="there is no day {date} in the calendar",
    basis="内置规则",
    remedy_zh="核对日期",
    remedy_en="correct the date",
)

CODES: tuple[Code, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Code))
