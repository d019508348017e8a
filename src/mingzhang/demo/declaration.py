"""Chapter 2 of the case: the project declared with targets and files, returned once, revised, passed and approved.

From the source: the project, its approval (D府办复〔2022〕19号), 5,338.5 m², 1,281.76 万元, the scope, the start on
2022-06-29 and the completion in March 2023. The split into items and years, and the targets, are illustrative.
"""

from mingzhang.chain.contracts.declarations import CostItem, Declaration, Targets, YearAmount
from mingzhang.chain.contracts.projects import DeclareProject, ReviseProject
from mingzhang.chain.contracts.reviews import ApproveProject, ReviewProject
from mingzhang.demo.story import Chapter, Stage, Step, always
from mingzhang.demo.targets import whole_targets, year_targets

PROJECT = "hospital:inpatient-building"
PROJECT_NAME = "DG市康复医院住院大楼改造项目"
DOCUMENT = "D府办复〔2022〕19号"
TOTAL_FEN = 1_281_760_000
"""总投资概算 1,281.76 万元, from the source."""
SLICES = (YearAmount(year=2022, amount_fen=743_680_000), YearAmount(year=2023, amount_fen=538_080_000))
RESERVE_FEN = 30_000_000
"""The item 预备费, of 2022: approved, but given as a line only when it is needed (追加)."""
BEDS = 150
STANDARD_COST_FEN, ASKED_COST_FEN = 320_000, 350_000
"""Furniture a bed: what the standard of 2022 allows, and what was asked for at first."""
HEAD_OFFICE = ("hospital-clerk", "hospital-head", "health-reviewer", "finance-budget", "auditor")
"""Readers of the declaration's sealed files and prices."""
SCOPE = "儿童康复科住院病区、临床科室住院病房、ICU(重症监护病房)及手术室的装修和改造"


def declaration() -> Chapter:
    """From the first, refused attempt to finance's approval."""
    return Chapter("申报与审批", [*_declared(), *_decided()])


def _declared() -> list[Step]:
    returned = ReviewProject(
        project_id=PROJECT,
        version=1,
        verdict="return",
        opinion="时效指标未写明竣工时限;ICU、手术室净化工程缺少论证材料,请补充后重报。",
    )
    return [
        Step(
            "2022-03-14",
            "hospital-clerk",
            "申报项目,病房家具按每床 3,500 元测算,超出支出标准且未说明理由",
            lambda stage: [_declare(stage, ASKED_COST_FEN)],
            expect="amount_beyond_standard_without_reason",
        ),
        Step(
            "2022-03-14",
            "hospital-clerk",
            f"按标准改正后申报 1,281.76 万元,附绩效目标和 2 份密封文件;设备单价密封({DOCUMENT})",
            lambda stage: [_declare(stage, STANDARD_COST_FEN)],
            mark="declared",
        ),
        Step(
            "2022-03-21",
            "health-reviewer",
            "主管部门退回:竣工时限目标不明确,ICU 和手术室净化工程缺论证材料",
            always(returned),
        ),
        Step(
            "2022-04-08",
            "hospital-clerk",
            "补充论证报告和 2023 年 3 月竣工的时效指标,提交第 2 版",
            lambda stage: [_revise(stage)],
            mark="revised",
        ),
    ]


def _decided() -> list[Step]:
    passed = ReviewProject(project_id=PROJECT, version=2, verdict="pass", opinion="材料齐全,目标明确,同意报财政审批。")
    approved = ApproveProject(
        project_id=PROJECT,
        version=2,
        verdict="approve",
        approved=list(SLICES),
        opinion=f"依据{DOCUMENT},同意立项并安排预算;预备费 30 万元批复内暂不下达。",
    )
    return [
        Step("2022-04-15", "health-reviewer", "主管部门审核通过", always(passed)),
        Step(
            "2022-05-20",
            "finance-budget",
            f"财政批复 1,281.76 万元(2022 年 743.68 万元,2023 年 538.08 万元),进入项目库({DOCUMENT})",
            always(approved),
            mark="approved",
        ),
    ]


def content(stage: Stage, *, version: int, furniture_fen: int = STANDARD_COST_FEN) -> Declaration:
    """A version of the declaration; what is sensitive in it is sealed on the way."""
    files = [
        stage.file(
            "市政府办公会议纪要摘录.txt",
            f"{DOCUMENT}:原则同意{PROJECT_NAME},总投资概算 1,281.76 万元。",
            owner="hospital",
            readers=HEAD_OFFICE,
        ),
        stage.file(
            "住院大楼现场踏勘照片(含在院患者).txt",
            "示例照片说明:三楼病区走廊,画面中有两名在院患者及陪护家属。",
            owner="hospital",
            readers=HEAD_OFFICE,
        ),
    ]
    if version > 1:
        files.append(
            stage.file(
                "ICU和手术室净化工程论证报告.txt",
                "净化级别、通风换气次数及造价比选说明,推荐方案二。",
                owner="hospital",
                readers=HEAD_OFFICE,
            )
        )
    asked_fen = BEDS * furniture_fen - BEDS * STANDARD_COST_FEN
    return Declaration(
        organisation="hospital",
        department="health",
        name=PROJECT_NAME,
        category="T01",
        kind="special",
        start_date="2022-06-29",
        end_date="2023-12-31",
        slices=list(SLICES) if asked_fen == 0 else [_more(SLICES[0], asked_fen), SLICES[1]],
        items=_items(stage, furniture_fen),
        total_fen=TOTAL_FEN + asked_fen,
        justification=(
            f"对住院大楼约 5,338.5 平方米进行改造,内容为{SCOPE}。"
            "现有病区设施陈旧,不能满足康复医疗需求。(项目概况来自公开案例,测算与目标为示例)"
        ),
        files=files,
        method_id="national",
        targets=_targets(version),
    )


def _targets(version: int) -> list[Targets]:
    return [whole_targets(deadline_clear=version > 1), year_targets()]


def _declare(stage: Stage, furniture_fen: int) -> DeclareProject:
    return DeclareProject(project_id=PROJECT, declaration=content(stage, version=1, furniture_fen=furniture_fen))


def _revise(stage: Stage) -> ReviseProject:
    return ReviseProject(project_id=PROJECT, version=2, declaration=content(stage, version=2))


def _items(stage: Stage, furniture_fen: int) -> list[CostItem]:
    """The estimate (测算明细): works by ward, equipment with sealed prices, furniture by standard, reserve."""
    prices = stage.field(
        "设备测算数量和单价",
        "康复机器人 4 台 × 388000.00 元;ICU 监护仪 16 台 × 58000.00 元;手术无影灯 4 台 × 95000.00 元",
        owner="hospital",
        readers=HEAD_OFFICE,
    )
    return [
        _lump("儿童康复科住院病区装修改造", 198_600_000),
        _lump("临床科室住院病房装修改造", 341_200_000),
        _lump("ICU 装修改造(含净化)", 132_800_000),
        _lump("手术室装修改造(含净化)", 171_400_000),
        CostItem(
            name="医疗设备购置",
            standard_id=None,
            quantity=None,
            unit_cost_fen=None,
            sealed=prices,
            amount_fen=286_000_000,
            departure_reason="",
        ),
        CostItem(
            name="病房家具",
            standard_id="ward-furniture",
            quantity=BEDS,
            unit_cost_fen=furniture_fen,
            sealed=None,
            amount_fen=BEDS * furniture_fen,
            departure_reason="",
        ),
        _lump("工程监理", 16_800_000),
        _lump("工程设计", 23_600_000),
        _lump("病区搬迁与过渡服务", 33_360_000),
        _lump("预备费", RESERVE_FEN),
    ]


def _lump(name: str, amount_fen: int) -> CostItem:
    return CostItem(
        name=name,
        standard_id=None,
        quantity=1,
        unit_cost_fen=amount_fen,
        sealed=None,
        amount_fen=amount_fen,
        departure_reason="",
    )


def _more(part: YearAmount, amount_fen: int) -> YearAmount:
    return YearAmount(year=part.year, amount_fen=part.amount_fen + amount_fen)
