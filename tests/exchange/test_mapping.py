"""The map says what is wrong with it, in words of the map; templates and sources are what the ids are made of."""

from pathlib import Path

import pytest

from mingzhang.exchange import ExchangeError
from mingzhang.exchange.mapping import EXAMPLE, compile_template, digest_of_map, load_map, source_of

MINIMAL = """
organisation: city
amount: 金额
date: 日期
payee: 收款人
line: "city:{指标}-{year}"
purpose: "{摘要}"
"""


def load(folder: Path, text: str) -> object:
    (folder / "map.yaml").write_text(text, encoding="utf-8")
    return load_map(folder / "map.yaml")


def test_the_shipped_example_is_a_map_with_every_option_in_it() -> None:
    mapping, table = load_map(EXAMPLE)
    assert (mapping.source, table) == ("hospital-2022", None)
    text = EXAMPLE.read_text(encoding="utf-8")
    parts = (mapping, mapping.amounts, mapping.days, mapping.payees)
    missing = [name for part in parts for name in part.__struct_fields__ if f"{name}:" not in text]
    assert not missing, f"show these in the example: {missing}"


def test_what_is_not_said_has_its_default(tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text(MINIMAL, encoding="utf-8")
    mapping, _table = load_map(tmp_path / "map.yaml")
    assert mapping.columns() == ["金额", "日期", "收款人", "指标", "摘要"]
    assert (mapping.amounts.unit, mapping.amounts.rounding, mapping.days.formats) == ("元", "refuse", ["YYYY-MM-DD"])


def test_a_column_may_be_called_date_or_year(tmp_path: Path) -> None:
    text = MINIMAL.replace("date: 日期", "date: date").replace("payee: 收款人", "payee: year")
    (tmp_path / "map.yaml").write_text(text, encoding="utf-8")
    assert load_map(tmp_path / "map.yaml")[0].columns() == ["金额", "date", "year", "指标", "摘要"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("amount: {column: 金额, unit: 角}", "amount"),
        ("amounts: 金额", "amounts"),
        ("organisation: 'City Hall'", "organisation"),
        ("source: 'a b'", "source"),
        ("date: {column: 日期, formats: []}", "date"),
        ("ignore_rows_where: [{收款人: '('}]", "regular expression"),
        ("ignore_rows_where: [{}]", "ignore_rows_where"),
        ("payee: {column: 收款人, id: '{x}'}\nregister_payees: true", "excludes register_payees"),
        ("line: {table: absent.csv, key: '{指标}'}", "no such table"),
        ("purpose: ''", "purpose"),
        ("a: [", "not valid YAML"),
        ("purpose: 3", "purpose"),
    ],
)
def test_a_wrong_map_is_refused_by_its_field(tmp_path: Path, change: str, said: str) -> None:
    name = change.split(":", maxsplit=1)[0]
    kept = [line for line in MINIMAL.strip().splitlines() if line.split(":")[0] != name]
    with pytest.raises(ExchangeError, match=said):
        load(tmp_path, "\n".join([*kept, change]))


def test_no_map_at_all(tmp_path: Path) -> None:
    for text in ("", "- a", "organisation: city", "\x00"):
        with pytest.raises(ExchangeError):
            load(tmp_path, text)


def test_a_table_of_lines(tmp_path: Path) -> None:
    text = MINIMAL.replace('"city:{指标}-{year}"', '{table: t.csv, key: "{科目}/{year}"}')
    (tmp_path / "t.csv").write_text("\ufeffkey,line_id\n办公/2022,city:a\n会议/2022,city:b\n", encoding="utf-8")
    (tmp_path / "map.yaml").write_text(text, encoding="utf-8")
    mapping, table = load_map(tmp_path / "map.yaml")
    assert table == {"办公/2022": "city:a", "会议/2022": "city:b"}
    assert "科目" in mapping.columns()
    (tmp_path / "t.csv").write_text("key,line_id\na,city:a\na,city:b\n", encoding="utf-8")
    with pytest.raises(ExchangeError, match="two lines"):
        load_map(tmp_path / "map.yaml")
    (tmp_path / "t.csv").write_text("key,line\na,city:a\n", encoding="utf-8")
    with pytest.raises(ExchangeError, match="must have the columns line_id"):
        load_map(tmp_path / "map.yaml")


def test_the_digest_of_a_map_changes_with_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text(MINIMAL, encoding="utf-8")
    mapping, table = load_map(tmp_path / "map.yaml")
    assert digest_of_map(mapping, table) == digest_of_map(mapping, None)
    assert digest_of_map(mapping, {"a": "b"}) != digest_of_map(mapping, None)


def test_templates_take_columns_and_the_date() -> None:
    fill = compile_template("x:{a b}-{year}/{month}/{c}{date}", ["c", "a b"])
    assert fill(("C", "AB"), "2022-03-01") == "x:AB-2022/03/C2022-03-01"
    assert compile_template("plain", [])((), "2022-03-01") == "plain"


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("2022.csv.gz", "2022"),
        ("payments_2022-06.xlsx", "payments_2022-06"),
        ("支付明细.csv", "file-7b44d2f2"),
        ("Q1 payments (final).csv", "Q1-payments-final-7c4a49b6"),
    ],
)
def test_a_source_is_made_of_the_file_name(tmp_path: Path, name: str, source: str) -> None:
    (tmp_path / "map.yaml").write_text(MINIMAL, encoding="utf-8")
    mapping, _table = load_map(tmp_path / "map.yaml")
    made = source_of(mapping, Path(name))
    assert made.rpartition("-")[0] == source.rpartition("-")[0]
    assert len(made) <= 40
    assert made == source_of(mapping, Path("elsewhere") / name)


def test_rows_with_numbers_of_their_own_are_the_same_in_any_file(tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text(MINIMAL + 'unique: "{凭证号}"\n', encoding="utf-8")
    mapping, _table = load_map(tmp_path / "map.yaml")
    assert source_of(mapping, Path("a.csv")) == source_of(mapping, Path("b.csv")) == "document"
