"""Chapter 8 of the case: publications with redaction as records of their own, checkpoints, what a citizen verifies.

Also here: one sealed file erased, the retention money due, and the log shown to have only grown.

Bundles and the members' keys are left in DIR-proofs, for `mingzhang verify`.
"""

from pathlib import Path

from mingzhang.chain.bundles import verify_bundle
from mingzhang.chain.checkpoints import verify_consistency_bundle
from mingzhang.chain.codes.code import yuan
from mingzhang.chain.contracts.budgets import read_project_money
from mingzhang.chain.contracts.disclosure import Clarify, Publish
from mingzhang.chain.contracts.fieldrules import SetFieldRule, Treatment
from mingzhang.chain.contracts.members import read_person
from mingzhang.chain.contracts.settings import StateTime
from mingzhang.chain.contracts.sources import FIELDS, Kind
from mingzhang.demo.contracts import EQUIPMENT_RETENTION_DATE, WORKS_RETENTION_DATE
from mingzhang.demo.declaration import PROJECT, PROJECT_NAME, TOTAL_FEN
from mingzhang.demo.execution import DESIGN_FEE
from mingzhang.demo.people import CITY
from mingzhang.demo.performance import WHOLE_EVALUATION
from mingzhang.demo.story import Chapter, Deed, Done, Stage, Step, always, opening
from mingzhang.node import proofs
from mingzhang.node.receipts import verify_receipt
from mingzhang.node.vault import ErasedError

PROOFS_SUFFIX = "-proofs"
"""Bundles lie beside the ledger's directory, in which nothing but the ledger's own files belongs."""
PUBLISHED_PROJECT, PUBLISHED_PAYMENT, PUBLISHED_EVALUATION = (
    "hospital:public-project",
    "hospital:public-payment",
    "hospital:public-evaluation",
)
ERASED = "住院大楼现场踏勘照片(含在院患者).txt"
_KINDS: tuple[Kind, ...] = ("project", "payment", "evaluation")
_WITHHELD: dict[str, Treatment] = {
    "submitted_by": "hidden",
    "reviewed_by": "hidden",
    "requested_by": "hidden",
    "payee_id": "masked",
}
_BASIS = {
    "clear": "政府信息公开条例第二十条;预算法第十四条",
    "hidden": "政府信息公开条例第十五条:涉及个人隐私",
    "masked": "政府信息公开条例第十五条:涉及供应商商业信息",
}


def publication() -> Chapter:
    """From the rules of publication to the last checkpoint."""
    return Chapter("公开与验证", [*_published(), *_proved(), *_afterwards()])


def _published() -> list[Step | Deed]:
    clarification = Clarify(
        publication_id=PUBLISHED_EVALUATION,
        number=1,
        text="公布的最终得分为财政复核得分;两项效益指标因证据不足核减,自评分一并公布供比较。",
    )
    project = _publish(PUBLISHED_PROJECT, "project", PROJECT, title=PROJECT_NAME, due_time=opening("2022-06-09"))
    results = (
        _publish(PUBLISHED_PAYMENT, "payment", DESIGN_FEE, title="工程设计费(首期)支付"),
        _publish(PUBLISHED_EVALUATION, "evaluation", WHOLE_EVALUATION, title=f"{PROJECT_NAME}绩效评价结果"),
    )
    return [
        Step(
            "2022-05-24",
            "finance-publisher",
            "发布字段公开规则:金额、目标、得分公开,经办人不公开,收款人遮盖",
            always(*_rules()),
        ),
        Step(
            "2022-06-02",
            "hospital-publisher",
            "批复后 20 日内公开项目(按规则自动去除不公开字段)",
            always(project),
            mark=PUBLISHED_PROJECT,
        ),
        Step(
            "2023-08-07",
            "hospital-publisher",
            "公开一笔设计费支付和项目绩效评价结果",
            always(*results),
            mark=PUBLISHED_EVALUATION,
        ),
        Step(
            "2023-08-09",
            "hospital-publisher",
            "澄清:等级“良”是财政复核结果,与自评分不同的原因已列明",
            always(clarification),
        ),
    ]


def _publish(publication_id: str, kind: Kind, object_id: str, *, title: str, due_time: int | None = None) -> Publish:
    return Publish(
        publication_id=publication_id,
        kind=kind,
        object_id=object_id,
        title=title,
        notice="演示数据,人员、分项、目标与数值为示例。",
        due_time=due_time,
        replaces=None,
    )


def _proved() -> list[Step | Deed]:
    return [
        Deed("2023-08-10", "members", "财政、审计、人大、卫健四个成员对检查点签名(SM2)", sign_checkpoint),
        Deed("2023-08-11", "citizen", "下载评价结果的证明文件,离线验证", lambda stage: _verify(stage, "publication")),
        Deed(
            "2023-08-11",
            "congress-member",
            "取一笔支付原始记录的证明文件,离线验证(含经办人签名)",
            lambda stage: _verify(stage, "payment"),
        ),
        Deed("2023-08-11", "congress-member", "把证明文件中的金额改动 1 分,再验证", _verify_altered),
        Deed("2023-08-15", "hospital-publisher", "应患者要求抹除含其影像的密封照片,留下签名回执", _erase),
        Deed(
            "2023-08-15",
            "congress-member",
            "照片抹除后,验证引用它的申报记录",
            lambda stage: _verify(stage, "declaration"),
        ),
    ]


def _afterwards() -> list[Step | Deed]:
    return [
        *(
            Step(date, "clock", f"账本时间到达 {date}:{what}质保期满", always(StateTime(time=opening(date))))
            for date, what in ((WORKS_RETENTION_DATE, "工程"), (EQUIPMENT_RETENTION_DATE, "设备"))
        ),
        Deed("2023-10-08", "auditor", "核对全项目:六条指标合计与批复一致,支付可逐笔对到指标", _balanced),
        Deed("2024-04-30", "members", "上年评价结束,四个成员对新检查点签名", sign_checkpoint),
        Deed("2024-04-30", "citizen", "验证新检查点只在旧检查点之后增加了记录", _verify_grown),
    ]


def _rules() -> list[SetFieldRule]:
    rules = []
    for kind in _KINDS:
        for field in FIELDS[kind]:
            treatment = _WITHHELD.get(field, "clear")
            rules.append(
                SetFieldRule(organisation=CITY, kind=kind, field=field, treatment=treatment, basis=_BASIS[treatment])
            )
    return rules


def proofs_folder(directory: Path) -> Path:
    """Where the bundles of a demo's ledger lie."""
    return directory.with_name(directory.name + PROOFS_SUFFIX)


def sign_checkpoint(stage: Stage) -> Done:
    """All members whose checkpoint keys this node holds sign where the ledger stands; the keys file is left beside."""
    desk = stage.desk
    keys = {opened.key_id: opened.private_key for opened in desk.organisation_keys()}
    row = proofs.sign_checkpoint(desk.store, keys)
    stage.keep.setdefault("checkpoints", []).append(row.size)
    _write(stage, "keys.json", proofs.trust(desk.store))
    return Done(good=True, code="signed", why=f"共 {row.size} 条记录,{len(keys)} 个成员签名")


def _verify(stage: Stage, what: str) -> Done:
    """As a citizen would: with nothing but the bundle and the members' keys."""
    verdict = verify_bundle(_bundle(stage, what), proofs.trust(stage.desk.store))
    why = verdict.findings[-1].sentence_zh
    if verdict.ok:
        why = f"{len(verdict.findings)} 项检查全部成立;证明文件 {what}.json"
    return Done(good=verdict.ok, code="verified" if verdict.ok else "not_verified", why=why)


def _verify_altered(stage: Stage) -> Done:
    good = _bundle(stage, "payment")
    altered = good.replace(b'amount_fen\\":14160000', b'amount_fen\\":14160001')
    if altered == good:
        raise RuntimeError("the payment's bundle must hold its amount")
    verdict = verify_bundle(altered, proofs.trust(stage.desk.store))
    return Done(good=not verdict.ok, code="not_verified", why=verdict.findings[-1].sentence_zh)


def _verify_grown(stage: Stage) -> Done:
    first, second = stage.keep["checkpoints"][0], stage.keep["checkpoints"][-1]
    data = proofs.consistency(stage.desk.store, first, second)
    _write(stage, "consistency.json", data)
    verdict = verify_consistency_bundle(data, proofs.trust(stage.desk.store))
    why = f"{first} 条 → {second} 条,旧记录原样保留" if verdict.ok else verdict.findings[-1].sentence_zh
    return Done(good=verdict.ok, code="verified" if verdict.ok else "not_verified", why=why)


def _balanced(stage: Stage) -> Done:
    """The project's lines, adjustments included, sum to exactly what was approved."""
    money = read_project_money(stage.desk.view(), PROJECT, None)
    good = money.adjusted_fen == TOTAL_FEN and money.paid_fen <= money.adjusted_fen
    why = f"指标合计 {yuan(money.adjusted_fen)} 元 = 批复 {yuan(TOTAL_FEN)} 元;已支付 {yuan(money.paid_fen)} 元"
    return Done(good=good, code="balanced" if good else "not_balanced", why=why)


def _erase(stage: Stage) -> Done:
    """Destroy the photograph and its keys; the receipt is kept, and its signature is checked as anyone could."""
    desk = stage.desk
    commitment = stage.sealed(ERASED)
    receipt = desk.erase(commitment, by="hospital-publisher", reason="患者要求删除其影像")
    verify_receipt(desk.suite, receipt, trusted_keys=[read_person(desk.view(), "hospital-publisher").public_key])
    try:
        desk.open_sealed(commitment, "hospital-head")
    except ErasedError:
        return Done(good=True, code="erased", why=f"回执签名有效,承诺 {commitment[:16]}… 留存,内容已不可打开")
    return Done(good=False, code="not_erased", why="内容仍可打开")


def _bundle(stage: Stage, what: str) -> bytes:
    """The bundle of what is to be shown, made once and left in DIR-proofs."""
    index = {
        "publication": lambda: stage.records[PUBLISHED_EVALUATION],
        "payment": lambda: stage.records[DESIGN_FEE],
        "declaration": lambda: stage.records["declared"],
    }[what]()
    data = proofs.bundle(stage.desk.store, index)
    _write(stage, f"{what}.json", data)
    return data


def _write(stage: Stage, name: str, data: bytes) -> None:
    folder = proofs_folder(stage.desk.directory)
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)
