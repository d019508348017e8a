"""Files as they come: every encoding, line end, preamble, junk column and workbook that we have met, made anew here."""

import base64
import gzip
import zlib
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from mingzhang.exchange import ExchangeError
from mingzhang.exchange.payments_file import PaymentsFile, encoding_of, open_payments_file

COLUMNS = ("日期", "金额", "收款人")
XLS = """
eNrtWEtIVFEY/s69d5wZ03E0FTSwQUjLB5WBRKFTQblq0BSSSEud6YGvGCywwEfmIkIwgqiohWCLNlabyh6Um2gR2GNRBIEW0aKV
UORCvf3nn3PNmQocKMG433D/c/7/P/93Xvc85r4YT50Yup09iRiUQ8ec6UbCApugx20pXpDfNGXWSl30mDaWFdwumsgEBx4kP3fK
OZTzPQkNt4wxksAHevbjGALtbSHfEmIHt6FByDaUkRS4ShYPsrhVaSybWK5keZNLPmS5jS0DLMuo7ITYh3F/oGCzeotrtVz2eSB5
73LMO7ZsRAaeybe4e1BEyjqwPXy0oWWZOXKMJAyDJrQi1BYKSz0F15EIdBKKW1uLg8EJpNNkD+Ob6QO+Wqv6ic+2L61dgOzT0Xbn
H+wumsRY+wXNAHpgHuRF0o8k1BnSo4n1obeBGZzACtISeccWWn3RKQS2Vjde9KEEG+gpIbqOelnUc+hplwGO+hRafZjYXp6/dkmH
KA2VN98PkMvZ5DyS2f29mly1wd6z5Co53lI1LfX2vrEaWf9g/gAlrpqhc7LGyObijdpcknnRJZEMIoXzqbz0vNS7mRtTr3Y3VvoP
sKWHD5TIsbNG9hImemUEBXvY45iXBRxRyPI0s67ifDbLdCpDaV5lhsrs6uMyZ9ibR/VsYrz25y/Ir6V8/5eqezn9H/3rKD9SMXky
feSNfwi5dAwGKV7++lAkisSVyxKjfisVaot6zzLrl+3KpXlV30x1tqZglmcJNB5QJQT3LrqE4BJSRjRr/CKaRpo+r+mkGfOaQZpD
MWsxzI9Ue9NQOio5HtfJtsk4jTnlzHVpUtOVFvFJTqfi1H/DqTPnFuYsnDLNCKcexalHcerM6VKcsvVazAgYPAJuFW3wCHwO0JVF
S8Md2Qk6AH4iETZs2LBhw4YNGzZivunIO5O8qBnqMi2vYk71XWeWnjn7M8l/iz1op18H/QvciTZKw+iM6/3JhENYXGKRMdb3Qom9
VHsYzWjkdjTH/f7S3xaxsD+LDvT+vSUUb/1z8bTzH9f/A5vQ/Hs=
"""
"""A workbook of the old format, base64 of its zlib bytes: a title, a header, a payment, a refund, a total."""


def opened(tmp_path: Path, data: bytes, name: str = "f.csv", **options: Any) -> tuple[PaymentsFile, list[Any]]:
    """The opened file and its rows as lists."""
    path = tmp_path / name
    path.write_bytes(data)
    file = open_payments_file(path, columns=options.pop("columns", COLUMNS), **options)
    return file, [(number, list(cells)) for number, cells in file.rows]


GOOD = "日期,金额,收款人\n2022-03-01,12.50,甲公司\n2022-03-02,-3,乙公司\n"
ROWS = [(2, ["2022-03-01", "12.50", "甲公司"]), (3, ["2022-03-02", "-3", "乙公司"])]


@pytest.mark.parametrize(
    ("encoding", "found"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("gb18030", "gb18030"), ("gbk", "gb18030"), ("utf-16", "utf-16")],
)
def test_encodings_are_found_out(tmp_path: Path, encoding: str, found: str) -> None:
    file, rows = opened(tmp_path, GOOD.encode(encoding))
    assert (file.encoding, rows) == (found, ROWS)
    assert file.header == COLUMNS


@pytest.mark.parametrize(
    "text",
    ["Café Rouge,£5\n", "O’Brien – “Ltd”,1\n", "Zoë,Müller GmbH\n", "naïve résumé, 5 £ \n", "São Paulo,1\n"],
)
def test_western_text_is_not_taken_for_chinese(text: str) -> None:
    assert encoding_of(text.encode("cp1252"), None, name="f") == "cp1252"


@pytest.mark.parametrize("text", ["办公用品,12元,A座\n", "甲公司,¥5\n", "日期,金额\n", "项目（一期）,“甲”公司—乙\n"])
def test_chinese_text_is_not_taken_for_western(text: str) -> None:
    assert encoding_of(text.encode("gb18030"), None, name="f") == "gb18030"


def test_a_given_encoding_must_fit(tmp_path: Path) -> None:
    with pytest.raises(ExchangeError, match="encoding: is not utf-8"):
        opened(tmp_path, GOOD.encode("gbk"), encoding="utf-8")
    with pytest.raises(ExchangeError, match="encoding: is not nonsense"):
        opened(tmp_path, GOOD.encode(), encoding="nonsense")
    taiwan = GOOD.replace("额", "額").encode("big5")
    assert opened(tmp_path, taiwan, encoding="big5", columns=("日期", "金額"))[1] == ROWS


@pytest.mark.parametrize("line_end", ["\r", "\n", "\r\n"])
def test_line_ends_of_every_kind(tmp_path: Path, line_end: str) -> None:
    assert opened(tmp_path, GOOD.replace("\n", line_end).encode())[1] == ROWS


@pytest.mark.parametrize("line_end", ["\r", "\n", "\r\n"])
def test_a_line_end_in_quotes_belongs_to_the_cell_and_rows_are_counted_as_a_spreadsheet_does(
    tmp_path: Path, line_end: str
) -> None:
    text = f'日期,金额,收款人{line_end}2022-03-01,1,"甲{line_end}公司"{line_end}2022-03-02,2,乙{line_end}'
    _file, rows = opened(tmp_path, text.encode())
    assert [number for number, _cells in rows] == [2, 3]
    assert rows[0][1][2] == f"甲{line_end}公司"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_found_out(tmp_path: Path, delimiter: str) -> None:
    assert opened(tmp_path, GOOD.replace(",", delimiter).encode())[1] == ROWS
    assert opened(tmp_path, GOOD.replace(",", delimiter).encode(), delimiter=delimiter)[1] == ROWS


def test_compressed(tmp_path: Path) -> None:
    assert opened(tmp_path, gzip.compress(GOOD.encode()), "f.csv.gz")[1] == ROWS
    with pytest.raises(ExchangeError, match="damaged"):
        opened(tmp_path, gzip.compress(GOOD.encode())[:-9], "f.csv.gz")
    with pytest.raises(ExchangeError, match="damaged"):
        opened(tmp_path, GOOD.encode(), "f.csv.gz")


@pytest.mark.parametrize("mark", ["\ufeff", "ï»¿", "Ã¯Â»Â¿", "Ã¯»¿", "\ufeff\ufeff"])
def test_what_is_left_of_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path, mark: str) -> None:
    assert opened(tmp_path, (mark + GOOD).encode())[0].header == COLUMNS


def test_a_header_of_mojibake_is_known_by_its_right_names_and_by_its_wrong_ones(tmp_path: Path) -> None:
    broken = GOOD.encode().decode("latin-1").encode()
    assert opened(tmp_path, broken)[0].header == COLUMNS
    wrong = tuple(" ".join(name.encode().decode("latin-1").split()) for name in COLUMNS)
    assert opened(tmp_path, broken, columns=wrong)[0].header == wrong


def test_a_header_below_titles_is_looked_for_when_the_map_says_so(tmp_path: Path) -> None:
    data = ("某市支付明细\n\n单位:元,,\n" + GOOD).encode()
    with pytest.raises(ExchangeError, match="skip_until_header"):
        opened(tmp_path, data)
    file, rows = opened(tmp_path, data, skip_until_header=True)
    assert file.header_row == 4
    assert [number for number, _cells in rows] == [5, 6]
    with pytest.raises(ExchangeError, match=r"lacks 收款人; it has: 日期, 金额"):
        opened(tmp_path, "题\n日期,金额\n1,2\n".encode(), skip_until_header=True)


def test_empty_rows_before_the_header_do_not_matter(tmp_path: Path) -> None:
    assert opened(tmp_path, ("\n,,\n" + GOOD).encode(), skip_until_header=True)[0].header_row == 3


def test_columns_without_name_or_with_the_same_name(tmp_path: Path) -> None:
    data = ",,日期,金额,金额,收款人\nx,,2022-03-01,1,2,甲\n".encode()
    assert opened(tmp_path, data, columns=("日期", "金额#2"))[0].header == (
        "",
        "",
        "日期",
        "金额#1",
        "金额#2",
        "收款人",
    )
    with pytest.raises(ExchangeError, match="lacks 金额; it has: 日期, 金额#1, 金额#2"):
        opened(tmp_path, data)


def test_names_are_compared_without_their_white_space(tmp_path: Path) -> None:
    assert opened(tmp_path, ' 日期 ,"金\n额",收款人\n'.encode(), columns=("日期", "金 额"))[0].header[1] == "金 额"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"a,b\n1,2\n", "the header lacks"),
        ('日期,金额,收款人\n1,2,"甲\n'.encode() + b"x" * 1_100_000, "row 2 is not valid CSV"),
    ],
)
def test_what_is_no_table_of_payments(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(ExchangeError, match=said):
        opened(tmp_path, data)


def test_there_is_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(ExchangeError, match="there is no such file"):
        open_payments_file(tmp_path / "absent.csv", columns=COLUMNS)


def test_an_old_workbook(tmp_path: Path) -> None:
    data = zlib.decompress(base64.b64decode(XLS))
    file, rows = opened(tmp_path, data, "f.xls", columns=("支付日期", "金额"), skip_until_header=True)
    assert (file.sheet, file.header_row) == ("支付", 2)
    assert rows[0] == (3, [date(2022, 3, 1), 59.99, "甲公司", 1, "药品"])
    assert rows[1][1][1] == -9.5


def test_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "f.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("封面").write(0, 0, "封面")
        sheet = book.add_worksheet("明细")
        sheet.write_row(2, 1, COLUMNS)
        sheet.write_datetime(3, 1, datetime(2022, 3, 1), book.add_format({"num_format": "yyyy-mm-dd"}))  # noqa: DTZ001
        sheet.write(3, 2, 12.5)
        sheet.write(3, 3, "甲公司")
        sheet.write_row(5, 1, ["44621", "1,000.00", 2100202])
    file = open_payments_file(path, columns=COLUMNS, sheet="明细", skip_until_header=True)
    assert (file.header_row, file.sheet) == (3, "明细")
    rows = list(file.rows)
    assert rows[0] == (4, [date(2022, 3, 1), 12.5, "甲公司"])
    assert rows[2] == (6, ["44621", "1,000.00", 2100202.0])
    with pytest.raises(ExchangeError, match=r"there is no '附表'; there are: 封面, 明细"):
        open_payments_file(path, columns=COLUMNS, sheet="附表")
    with pytest.raises(ExchangeError, match="not a workbook"):
        opened(tmp_path, b"PK\x03\x04 nonsense", "g.xlsx")
    with pytest.raises(ExchangeError, match="is no workbook"):
        opened(tmp_path, GOOD.encode(), sheet="明细")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_file_or_a_sentence(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    for name, prefix in (("any.csv", b""), ("any.csv", "日期,金额,收款人\n".encode()), ("any.xls", b"")):
        path = folder / name
        path.write_bytes(prefix + data)
        try:
            rows = list(open_payments_file(path, columns=COLUMNS).rows)
        except ExchangeError:
            continue
        assert all(number > 1 for number, _cells in rows)
