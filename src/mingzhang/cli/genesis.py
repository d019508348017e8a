"""The genesis file: YAML that people write, read into the founding command; and a commented example of one."""

import datetime as dt
import time as wall_clock
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import msgspec
import yaml

from mingzhang.chain.contracts.founding import FoundLedger
from mingzhang.chain.operations import wire_name
from mingzhang.cli.errors import Failed
from mingzhang.cli.requirement import Misfit, misfit
from mingzhang.desk import NEW_KEY

MAX_FILE_BYTES = 1024 * 1024
"""256 organisations and 64 people take far less."""
BEIJING = dt.timezone(dt.timedelta(hours=8))
"""A time without a zone is Beijing time."""
_STAND_IN_KEY = "0" * 64
"""Passes for a public key while the rest is checked."""

EXAMPLE = """\
# 明账创世文件：账本的名称、密码套件、时钟、发起单位和首批人员。写入账本后不再改变。
# Genesis of a ledger: name, crypto suite, clock, founding organisations and first people. Fixed once founded.
# 用法 usage:  mingzhang init DIR --genesis genesis.yaml

chain_id: dg-city-2022          # 账本编号：小写字母、数字、点、横线 | lower-case letters, digits, dots, dashes
suite: gm                       # gm: SM2 SM3 SM4 | intl: Ed25519 SHA-256 AES-GCM
clock: block                    # block: 真实时间 real time | stated: 沙盒时钟，仅供演示、测试、培训 sandbox clock
time: 2022-01-01T08:00:00+08:00 # 账本起始时间；省略则为现在 | when the ledger begins; now if left out
notice: ""                      # 随账本内容显示的说明，如“演示数据” | shown with everything, such as 'example data'
checkpoint_threshold: 2         # 检查点须有几家单位签名 | organisations that must sign a checkpoint

organisations:                  # 上级在前，下级在后 | a parent stands before those below it
  - organisation_id: dg
    name: 示例市人民政府
    kind: government            # government finance audit congress department unit bank supervisor supplier agency
    parent: null
    division_code: "441900000"  # 行政区划代码，加引号 | in quotes
    checkpoint_key: null        # null: 不签检查点 does not sign; new: 新建密钥 make a key; 或公钥 or a public key
  - organisation_id: dg.finance
    name: 示例市财政局
    kind: finance
    parent: dg
    division_code: "441900000"
    checkpoint_key: new
  - organisation_id: dg.audit
    name: 示例市审计局
    kind: audit
    parent: dg
    division_code: "441900000"
    checkpoint_key: new

people:                         # 首批人员；其余由管理员登记 | the first people; administrators enrol the others
  - person_id: dg.admin
    organisation: dg
    post: 系统管理员
    public_key: new             # new 或省略：新建密钥 or left out: make a key; 或公钥 or a public key
    roles: [administrator]
  - person_id: dg.auditor
    organisation: dg
    post: 审计人员
    public_key: new
    roles: [auditor]
"""


def read_genesis(path: Path) -> FoundLedger:
    """The founding command of a file, with NEW_KEY where a key is to be made. Raises Failed naming field and line."""
    return genesis_of_yaml(_read(path), path.name)


def genesis_of_yaml(text: str, name: str) -> FoundLedger:
    """The same of the file's text; `name` is what errors call it."""
    value = read_yaml(text, name)
    if not isinstance(value, dict):
        raise Failed(f"{name}：最外层须是“字段：值”", f"{name}: must hold `field: value` at the top")
    value = {"time": int(wall_clock.time()), "notice": ""} | value
    value["time"] = _seconds(value["time"])
    new_organisations = _stand_in(value.get("organisations"), "checkpoint_key", lacking=None)
    new_people = _stand_in(value.get("people"), "public_key", lacking=NEW_KEY)
    value.setdefault("type", wire_name(FoundLedger))
    try:
        genesis = msgspec.convert(value, FoundLedger, strict=True)
    except msgspec.ValidationError as error:
        raise Failed(*_sentences(name, misfit(value, FoundLedger), error)) from None
    organisations = [
        msgspec.structs.replace(one, checkpoint_key=NEW_KEY) if at in new_organisations else one
        for at, one in enumerate(genesis.organisations)
    ]
    people = [
        msgspec.structs.replace(one, public_key=NEW_KEY) if at in new_people else one
        for at, one in enumerate(genesis.people)
    ]
    return msgspec.structs.replace(genesis, organisations=organisations, people=people)


def read_yaml(text: str, name: str) -> Any:
    """The value of a YAML text; a key given twice is an error. Raises Failed with the line."""
    try:
        return yaml.load(text, _Loader)  # noqa: S506 (a SafeLoader that is stricter about keys)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = 0 if mark is None else mark.line + 1
        raise Failed(f"{name} 第 {line} 行：YAML 格式不对", f"{name}, line {line}: {error.problem}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise Failed(f"{name}:YAML 格式不对", f"{name}: not valid YAML: {str(error).splitlines()[0]}") from None


class _Loader(yaml.SafeLoader):
    """YAML without surprises."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _value in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value} is given twice", key.start_mark)
            seen.add(key.value)
        return cast("dict[Any, Any]", super().construct_mapping(node, deep))


def _stand_in(entries: Any, field: str, *, lacking: str | None) -> set[int]:
    """Put something that passes for a key where one is to be made; return the places."""
    places: set[int] = set()
    for at, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict) and entry.setdefault(field, lacking) == NEW_KEY:
            entry[field] = _STAND_IN_KEY
            places.add(at)
    return places


def _seconds(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return int((value if value.tzinfo else value.replace(tzinfo=BEIJING)).timestamp())
    if isinstance(value, dt.date):
        return int(dt.datetime(value.year, value.month, value.day, tzinfo=BEIJING).timestamp())
    return value


def _sentences(name: str, found: Misfit | None, error: msgspec.ValidationError) -> tuple[str, str]:
    """What is wrong with a field, the place as people write it: organisations[0].division_code."""
    if found is None:
        return f"{name}：内容不符合要求", f"{name}: {error}"
    is_bare_number = str(error).startswith("Expected `str`, got `int`")
    hint_zh, hint_en = ("；请加引号", "; put it in quotes") if is_bare_number else ("", "")
    return f"{name}：字段 {found.place}：{found.zh}{hint_zh}", f"{name}: {found.place}: {found.en}{hint_en}"


def _read(path: Path) -> str:
    if path.stat().st_size > MAX_FILE_BYTES:
        raise Failed(f"{path.name} 超过 {MAX_FILE_BYTES} 字节", f"{path.name}: larger than {MAX_FILE_BYTES} bytes")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Failed(f"{path.name} 须为 UTF-8 编码", f"{path.name}: must be UTF-8; byte {error.start} is not") from None


Ask = Callable[[str], str]
"""Asks a person for a new password, by their id."""


def passwords_for(genesis: FoundLedger, ask: Ask) -> dict[str, str]:
    """A password for each person whose key is to be made."""
    return {one.person_id: ask(one.person_id) for one in genesis.people if one.public_key == NEW_KEY}
