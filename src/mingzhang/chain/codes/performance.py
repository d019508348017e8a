"""Codes of actual values, evaluations and their results; when each is given stands with the decide functions."""

from mingzhang.chain.codes.code import Code

INDICATOR_UNKNOWN = Code(
    number=400,
    name="indicator_not_in_targets",
    zh="项目 {project} 的绩效目标中没有指标 {indicator}",
    en="the targets of project {project} have no indicator {indicator}",
    basis="内置规则:按申报的指标填报",
    remedy_zh="核对指标编号",
    remedy_en="check the id",
)
ACTUAL_MUST_FIT_INDICATOR = Code(
    number=401,
    name="actual_must_fit_indicator",
    zh="指标 {indicator}:定量指标只填实际数值,定性指标只填达成档次和完成程度",
    en="indicator {indicator} takes a number if quantitative, a level and completion if qualitative",
    basis="内置规则:实际完成值须为确定值,不得照抄目标值(如“≥266”)",
    remedy_zh="按指标性质填写",
    remedy_en="fill in what the indicator asks for",
)
COMPLETION_NOT_IN_BAND = Code(
    number=402,
    name="completion_not_in_band",
    zh="指标 {indicator}:完成程度 {completion_bp}(万分之一)不在档次“{level}”内",
    en="indicator {indicator}: {completion_bp} basis points do not lie in the level {level}",
    basis="评价办法的定性指标分档",
    remedy_zh="选择相符的档次和完成程度",
    remedy_en="choose a level and a completion within it",
)
ACTUAL_DATE_WRONG = Code(
    number=403,
    name="actual_date_out_of_span",
    zh="实际值日期 {date} 应为存在的日期,且在项目起始日 {start_date} 至今日 {today} 之间",
    en="the date {date} must exist and lie between {start_date} and today, {today}",
    basis="内置规则:实际值为已发生的事实",
    remedy_zh="核对日期",
    remedy_en="correct the date",
)
EVALUATION_UNKNOWN = Code(
    number=404,
    name="evaluation_not_found",
    zh="绩效评价 {evaluation} 不存在",
    en="there is no evaluation {evaluation}",
    basis="内置规则",
    remedy_zh="核对评价编号",
    remedy_en="check the id",
)
EVALUATION_BEFORE_APPROVAL = Code(
    number=405,
    name="evaluation_before_approval",
    zh="项目 {project} 状态为 {status},未经批复,不能开展自评",
    en="project {project} is {status}; only an approved or closed one is evaluated",
    basis="预算法第五十七条(各级政府、各部门、各单位应当对预算支出情况开展绩效评价)",
    remedy_zh="项目批复后再自评",
    remedy_en="evaluate once it is approved",
)
PERIOD_DECIDED = Code(
    number=406,
    name="period_already_decided",
    zh="项目 {project} 该期评价已由 {evaluation} 作出最终结果",
    en="the period of project {project} was decided by {evaluation}",
    basis="内置规则:一个期间一个最终结果",
    remedy_zh="如有异议,按异议程序提出",
    remedy_en="contest the result instead",
)
ENTRY_MISSING = Code(
    number=407,
    name="entry_missing",
    zh="缺少“{indicator}”的自评",
    en="there is no entry for {indicator}",
    basis="财预〔2020〕10号:自评覆盖全部指标",
    remedy_zh="补充该项自评",
    remedy_en="add an entry for it",
)
ENTRY_NOT_WANTED = Code(
    number=408,
    name="entry_unknown_or_twice",
    zh="“{indicator}”不在本期指标中,或重复填写",
    en="{indicator} is not of this period, or is entered twice",
    basis="内置规则:每项指标填一次",
    remedy_zh="核对指标编号",
    remedy_en="enter each line once",
)
ACTUAL_MISSING = Code(
    number=409,
    name="actual_missing",
    zh="指标 {indicator} 没有实际完成值(共缺 {missing} 项)",
    en="indicator {indicator} has no actual value ({missing} lack one)",
    basis="财预〔2020〕10号:依据实际完成值评分",
    remedy_zh="先填报实际完成值;不适用的,注明不适用及理由",
    remedy_en="report the value first, or mark the indicator as not applicable with a reason",
)
NOT_APPLICABLE_REFUSED = Code(
    number=410,
    name="not_applicable_not_allowed",
    zh="评价办法不允许剔除指标,“{indicator}”须评分",
    en="the method lets no indicator be left out; {indicator} must be scored",
    basis="评价办法的不适用指标规则",
    remedy_zh="填报该指标",
    remedy_en="score it",
)
NOTHING_APPLIES = Code(
    number=411,
    name="nothing_applies",
    zh="全部指标均注明不适用,无法评分",
    en="no indicator applies, so nothing can be scored",
    basis="内置规则",
    remedy_zh="至少保留一项指标",
    remedy_en="keep at least one",
)
SELF_SCORE_WRONG_PLACE = Code(
    number=412,
    name="self_score_where_none_belongs_or_missing",
    zh="“{indicator}”:评分项须填自评分,不适用或不计分的项不得填",
    en="{indicator}: a scored line needs a self score, one that is not scored may have none",
    basis="内置规则",
    remedy_zh="按该项是否计分填写",
    remedy_en="give a score exactly where one is computed",
)
SCORE_ABOVE_WEIGHT = Code(
    number=413,
    name="score_above_weight",
    zh="“{indicator}”评分 {score_hundredths} 超过分值 {weight_hundredths}(百分之一分)",
    en="the score {score_hundredths} of {indicator} exceeds its weight {weight_hundredths} (hundredths)",
    basis="财预〔2020〕10号:得分不得超过该指标分值",
    remedy_zh="在分值以内评分",
    remedy_en="score within the weight",
)
REASON_MISSING = Code(
    number=414,
    name="reason_missing",
    zh="“{indicator}”须说明原因(情形:{flag})",
    en="{indicator} needs a reason ({flag})",
    basis="财预〔2020〕10号:偏差原因分析及改进措施",
    remedy_zh="填写原因",
    remedy_en="give the reason",
)
MEASURES_MISSING = Code(
    number=415,
    name="measures_missing",
    zh="“{indicator}”未达到目标值,须填写改进措施",
    en="{indicator} missed its target and needs measures for improvement",
    basis="财预〔2020〕10号:偏差原因分析及改进措施",
    remedy_zh="填写改进措施",
    remedy_en="say what will be done",
)
DEVIATION_UNEXPLAINED = Code(
    number=416,
    name="deviation_unexplained",
    zh="“{indicator}”自评分与公式得分相差 {deviation_hundredths}(百分之一分),须说明理由",
    en="the self score of {indicator} departs by {deviation_hundredths} hundredths from the formula without a reason",
    basis="内置规则:自评分保留,偏离公式须说明",
    remedy_zh="说明理由,或按公式得分填写",
    remedy_en="give the reason, or the formula's score",
)
EVALUATION_STATUS = Code(
    number=417,
    name="evaluation_stands_otherwise",
    zh="绩效评价 {evaluation} 状态为 {status},不能办理",
    en="the evaluation {evaluation} is {status}; this cannot be done",
    basis="内置规则:自评提交后复核一次",
    remedy_zh="查看该评价的办理记录",
    remedy_en="look at its steps",
)
ADJUSTMENT_NOT_WANTED = Code(
    number=418,
    name="adjustment_unknown_or_twice",
    zh="“{indicator}”未参与评分,或重复调整",
    en="{indicator} is not scored in this evaluation, or is adjusted twice",
    basis="内置规则:每个评分项调整一次",
    remedy_zh="核对调整项",
    remedy_en="adjust each scored line once",
)
NO_RESULT = Code(
    number=419,
    name="evaluation_not_final",
    zh="绩效评价 {evaluation} 尚无最终结果",
    en="the evaluation {evaluation} has no final result yet",
    basis="内置规则:结果应用以最终结果为准",
    remedy_zh="待复核后办理",
    remedy_en="wait for the decision",
)
RECTIFICATION_UNKNOWN = Code(
    number=420,
    name="rectification_not_found",
    zh="没有针对 {evaluation} 的整改通知",
    en="no rectification was ordered on {evaluation}",
    basis="内置规则",
    remedy_zh="核对编号",
    remedy_en="check the id",
)
RECTIFICATION_STATUS = Code(
    number=421,
    name="rectification_stands_otherwise",
    zh="整改 {evaluation} 状态为 {status},不能办理",
    en="the rectification of {evaluation} is {status}; this cannot be done",
    basis="内置规则:整改、销号依次进行",
    remedy_zh="查看整改办理记录",
    remedy_en="look at its steps",
)
RECTIFICATION_DAYS = Code(
    number=422,
    name="rectification_days_wrong",
    zh="退回整改须给出 1 至 365 日的期限,销号时填 0,现为 {days}",
    en="sending back needs 1 to 365 days, closing needs 0; given {days}",
    basis="内置规则:整改有期限",
    remedy_zh="填写期限",
    remedy_en="give the days",
)
RESULT_APPLIED = Code(
    number=423,
    name="result_already_applied",
    zh="{evaluation} 的评价结果已应用",
    en="the result of {evaluation} has been applied",
    basis="内置规则:一个结果应用一次",
    remedy_zh="无需重复办理",
    remedy_en="nothing to do",
)
NOT_A_DEPARTMENT_EVALUATION = Code(
    number=424,
    name="organisation_is_not_department",
    zh="{department} 不是主管部门,不能作部门整体评价",
    en="{department} is not a department and has no overall evaluation",
    basis="中发〔2018〕34号(部门和单位整体绩效)",
    remedy_zh="由主管部门办理",
    remedy_en="have the department do it",
)
NO_RESULTS_TO_AGGREGATE = Code(
    number=425,
    name="no_results_to_aggregate",
    zh="{department} {year} 年没有可汇总的项目最终评价结果(或资金合计为 0)",
    en="{department} has no final results with money in {year}",
    basis="内置规则:部门整体得分按资金加权汇总项目得分",
    remedy_zh="先完成所属项目评价",
    remedy_en="finish the projects' evaluations first",
)
OVERALL_DEVIATION = Code(
    number=426,
    name="overall_deviation_unexplained",
    zh="部门整体自评分与汇总得分 {total_hundredths} 相差 {deviation_hundredths}(百分之一分),须说明理由",
    en="the department's own total departs by {deviation_hundredths} hundredths from {total_hundredths}, unexplained",
    basis="内置规则:自评分保留,偏离汇总须说明",
    remedy_zh="说明理由,或按汇总得分填写",
    remedy_en="give the reason, or the aggregated score",
)

CODES: tuple[Code, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Code))
