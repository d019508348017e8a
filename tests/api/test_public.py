"""The public doors: what anybody may read, and that nothing else can be."""

import asyncio
import csv
import io
import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.api.stage import GENEROUS, JSON, Served, act, found, publish, served, sign_checkpoint

from mingzhang.api.app import all_doors
from mingzhang.api.deps import Limits
from mingzhang.api.errors import DOOR_STATUSES, FAULTS, status_of
from mingzhang.api.hardening import Buckets, address_of
from mingzhang.chain.codes import ALL_CODES
from mingzhang.chain.contracts import REGISTRY
from mingzhang.client import Client
from mingzhang.node import proofs

ALLOWED = {
    ("POST", "/api/v1/transactions"): "a signature is the grant",
    ("GET", "/api/v1/transactions/{envelope_hash}"): "codes alone, for whoever knows the hash",
    ("GET", "/api/v1/publications"): "published",
    ("GET", "/api/v1/publications/{publication_id}"): "published",
    ("GET", "/api/v1/publications/{publication_id}/proof"): "the publication's own record",
    ("GET", "/api/v1/checkpoints"): "hashes and signatures",
    ("GET", "/api/v1/checkpoints/latest"): "hashes and signatures",
    ("GET", "/api/v1/consistency"): "hashes and signatures",
    ("GET", "/api/v1/trust"): "public keys of members",
    ("GET", "/api/v1/ledger"): "which ledger, how far",
    ("GET", "/api/v1/codes"): "of the program, not of this ledger",
    ("GET", "/api/v1/code-tables/{table}/{year}"): "public standards",
    ("GET", "/api/v1/feed"): "publications, checkpoints, heights",
    ("GET", "/openapi.json"): "of the program, not of this ledger",
    ("GET", "/healthz"): "whether it lives",
}
"""Every door without a login, and why it may be open. A new one has to be argued for here."""


def test_no_door_is_open_that_was_not_argued_for() -> None:
    assert {(door.method, door.path) for door in all_doors()} == set(ALLOWED)


def test_the_application_has_no_other_route(public: Served) -> None:
    routed = {(method, re.sub(r":str", "", route.path_format)) for route in public.wall.inner.routes
              for method in route.methods if method != "OPTIONS"}  # fmt: skip
    assert routed == set(ALLOWED)


def test_every_code_has_a_status() -> None:
    doors = {code.name for code in ALL_CODES if 10 <= code.number <= 49}
    assert set(DOOR_STATUSES) == doors, "each code with which the door refuses, and no other"
    assert all(status_of(code) == 200 for code in ALL_CODES if code.name not in doors)
    assert all(400 <= status < 500 for status in DOOR_STATUSES.values())
    assert all(fault.zh and fault.en for fault in FAULTS)
    names = [*(code.name for code in ALL_CODES), *(fault.name for fault in FAULTS)]
    assert len(set(names)) == len(names)


# --- Reading ---------------------------------------------------------------------------------------------------------


def test_publications_are_listed_filtered_and_paged(public: Served) -> None:
    page = public.get("/api/v1/publications").json()
    assert [row["publication_id"] for row in page["rows"]] == ["city:with/slash", "city:a"]
    assert page["total"] == 2
    first = public.get("/api/v1/publications?limit=1").json()
    second = public.get("/api/v1/publications", params={"limit": 1, "after": first["next"]}).json()
    assert [row["publication_id"] for row in (*first["rows"], *second["rows"])] == ["city:with/slash", "city:a"]
    assert second["next"] is None
    for query, count in (("kind=payment", 2), ("kind=finding", 0), ("text=slash", 1), ("since=0", 2),
                         ("since=99999999999", 0), ("organisation=finance", 0), ("status=withdrawn", 0)):  # fmt: skip
        assert public.get(f"/api/v1/publications?{query}").json()["total"] == count, query


def test_only_what_the_rules_let_the_public_see_leaves(public: Served) -> None:
    """A payment that was not published, and who asked for the others, is told by no public door."""
    paths = [path for method, path in ALLOWED if method == "GET" and "{" not in path and "feed" not in path]
    paths += ["/api/v1/publications/city:a", "/api/v1/publications?format=csv"]
    for path in paths:
        text = public.get(path).text
        assert "city:pay-c" not in text
        assert "cashier" not in text
        assert "city:payee" not in text


def test_a_publication_with_its_clarification(public: Served) -> None:
    told = public.get("/api/v1/publications/city:a").json()
    assert {field["name"]: field["value"] for field in told["publication"]["fields"]} == {
        "amount_fen": "1000", "purpose": "办公用品",
    }  # fmt: skip
    assert [one["text"] for one in told["clarifications"]] == ["澄清"]
    assert public.get("/api/v1/publications/city:none").status_code == 404


@pytest.mark.parametrize("publication_id", ["city:a", "city:with/slash"])
def test_a_proof_holds_anywhere_and_an_altered_one_does_not(public: Served, publication_id: str) -> None:
    with Client(public.url) as client:
        proof, trust = client.proof(publication_id), client.trust()
    verdict = Client.verify(proof, trust)
    assert verdict.ok, verdict.findings
    assert verdict.record is not None
    assert verdict.record["command"]["publication_id"] == publication_id
    assert not Client.verify(proof.replace(b'"1000', b'"9000').replace("测试".encode(), "测验".encode()), trust).ok


def test_a_proof_before_any_checkpoint_says_so(tmp_path: Path) -> None:
    desk = found(tmp_path / "city")
    with served(desk) as running:
        assert running.get("/api/v1/checkpoints/latest").json()["code"] == "no_proof_yet"
        running.pay("a")
        act(desk, "root", publish("a", "city:pay-a"))
        assert running.get("/api/v1/publications/city:a/proof").json()["code"] == "no_proof_yet"
        sign_checkpoint(desk)
        assert running.get("/api/v1/publications/city:a/proof").status_code == 200


def test_checkpoints_and_consistency(public: Served) -> None:
    page = public.get("/api/v1/checkpoints").json()
    first, second = page["rows"][0], page["rows"][1]
    assert (first["signed_by"], page["next"]) == (["audit", "finance"], None)
    assert public.get("/api/v1/checkpoints/latest").json() == page["rows"][-1]
    assert public.get(f"/api/v1/checkpoints?limit=1&after={first['size']}").json()["rows"] == [second]
    proof = public.get(f"/api/v1/consistency?from={first['size']}&to={second['size']}").content
    assert Client.verify(proof, public.get("/api/v1/trust").content).ok
    assert public.get("/api/v1/trust").content == proofs.trust(public.desk.store)
    assert public.get("/api/v1/consistency?from=2&to=1").status_code == 400
    assert public.get("/api/v1/consistency?from=1&to=2").json()["code"] == "no_proof_yet"


def test_csv_is_whole_and_holds_no_formula(public: Served) -> None:
    response = public.get("/api/v1/publications?format=csv&sort=record")
    assert response.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert [row["publication_id"] for row in rows] == ["city:a", "city:with/slash"]
    assert rows[0]["title"].startswith("'=cmd"), "a spreadsheet must not take it for a formula"
    table = public.get("/api/v1/code-tables/function/2022?format=csv").content.decode("utf-8-sig")
    assert next(csv.DictReader(io.StringIO(table)))["name"] == "'=名称2100202"


def test_code_tables_and_codes(public: Served) -> None:
    assert public.get("/api/v1/code-tables/function/2022").json()["rows"][0]["code"] == "2100202"
    assert public.get("/api/v1/code-tables/function/2021").status_code == 404
    assert public.get("/api/v1/code-tables/function/year").status_code == 400
    codes = public.get("/api/v1/codes").json()["codes"]
    assert {code["code"] for code in codes} >= {code.name for code in ALL_CODES}
    assert all(code["sentence_zh"] and code["sentence_en"] for code in codes)


def test_the_ledger_says_that_its_clock_is_a_sandbox(public: Served) -> None:
    told = public.get("/api/v1/ledger").json()
    assert told["chain_id"] == "test-city"
    assert told["clock_notice_zh"].startswith("沙盒时钟")
    assert told["height"] == told["views_height"]


# --- The OpenAPI page ------------------------------------------------------------------------------------------------


def test_the_page_has_every_door_and_every_command(public: Served) -> None:
    page = public.get("/openapi.json").json()
    assert page["openapi"].startswith("3.1")
    shown = {(method.upper(), path) for path, methods in page["paths"].items() for method in methods}
    assert shown == set(ALLOWED)
    wire_names = {one["x-wire-name"]: one for one in page["components"]["schemas"].values() if "x-wire-name" in one}
    commands = {name: REGISTRY.commands[kind] for name, kind in REGISTRY.command_by_name.items()}
    assert set(wire_names) == {name for name, operation in commands.items() if operation.roles}
    assert all(shape["x-roles"] == list(commands[name].roles) for name, shape in wire_names.items())
    assert all(shape["description"] for shape in wire_names.values())
    amount = wire_names["payments.request/1"]["properties"]["amount_fen"]
    assert (amount["minimum"], "分" in amount["description"]) == (1, True)


def test_every_reference_of_the_page_leads_somewhere(public: Served) -> None:
    text = public.get("/openapi.json").text
    page = json.loads(text)
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert references <= set(page["components"]["schemas"])
    for path, methods in page["paths"].items():
        for operation in methods.values():
            named = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", path))
            assert all(one["description"] for one in operation["parameters"]), path


# --- The wall --------------------------------------------------------------------------------------------------------


def test_every_answer_has_the_headers_and_none_invites_other_origins(public: Served) -> None:
    for path in ("/healthz", "/nothing", "/api/v1/publications?limit=x", "/api/v1/publications?format=csv"):
        headers = public.get(path, headers={"Origin": "https://evil.example"}).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert not [name for name in headers if name.startswith("access-control") or name in {"server", "set-cookie"}]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "not_found"),
        ("GET", "/api/v1/payments", 404, "not_found"),
        ("GET", "/api/v1/publications/../../etc/passwd", 404, "not_found"),
        ("GET", "/api/v1/publications/%2e%2e%2f%2e%2e%2fnode.key", 404, "not_found"),
        ("DELETE", "/api/v1/publications", 405, "method_not_allowed"),
        ("GET", "/api/v1/transactions", 405, "method_not_allowed"),
        ("POST", "/api/v1/feed", 405, "method_not_allowed"),
        ("GET", "/api/v1/publications?colour=red", 400, "query_wrong"),
        ("GET", "/api/v1/publications?limit=0", 400, "query_wrong"),
        ("GET", "/api/v1/publications?limit=1&limit=2", 400, "query_wrong"),
        ("GET", "/api/v1/publications?sort=amount", 400, "query_wrong"),
        ("GET", "/api/v1/publications?after=x", 400, "query_wrong"),
        ("GET", "/api/v1/ledger?x=1", 400, "query_wrong"),
    ],
)
def test_wrong_requests_have_one_shape(public: Served, method: str, path: str, status: int, code: str) -> None:
    response = public.http.request(method, path)
    told = response.json()
    assert (response.status_code, told["code"]) == (status, code)
    assert set(told) == {"code", "sentence_zh", "sentence_en", "fields", "explanation"}
    if status == 405:
        assert response.headers["allow"]
    if "?" in path:
        assert told["fields"][0]["field"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "OPTIONS", "HEAD"]),
    path=st.one_of(
        st.sampled_from([path for _method, path in ALLOWED if "feed" not in path]),
        st.text(max_size=20).map(lambda text: "/api/v1/publications/" + text),
        st.text(max_size=30),
    ),
    query=st.dictionaries(
        st.sampled_from(["kind", "text", "since", "limit", "after", "sort", "format", "from", "to", "height", "x"]),
        st.one_of(st.text(max_size=20), st.integers().map(str)),
        max_size=3,
    ),
    body=st.binary(max_size=200),
)
def test_no_request_makes_the_server_fail(
    public: Served, method: str, path: str, query: dict[str, str], body: bytes
) -> None:
    url = "/" + quote(path.lstrip("/"), safe="/{}:")
    response = public.http.request(method, url, params=query, content=body, headers=JSON)
    assert response.status_code < 500
    if response.status_code >= 400 and method != "HEAD":
        assert set(response.json()) == {"code", "sentence_zh", "sentence_en", "fields", "explanation"}
        assert "Traceback" not in response.text


def test_one_address_is_slowed_and_others_are_not(tmp_path: Path) -> None:
    with served(found(tmp_path / "city"), Limits(rate_per_second=0.5, burst=5)) as running:
        statuses = [running.get("/healthz").status_code for _ in range(8)]
        assert statuses == [200] * 5 + [429] * 3
        response = running.get("/healthz", headers={"X-Forwarded-For": "9.9.9.9"})
        assert response.status_code == 429, "whoever sends a header is not somebody else"
        assert 1 <= int(response.headers["retry-after"]) <= 3
        assert response.json()["code"] == "too_many_requests"


def test_buckets_fill_again_and_stay_few() -> None:
    buckets = Buckets(rate_per_second=2, burst=2, most=100)
    assert [buckets.take("a", 0.0) for _ in range(3)] == [0.0, 0.0, 0.5]
    assert buckets.take("a", 0.5) == 0.0
    for number in range(1_000):
        buckets.take(f"{number}", 1.0)
    assert len(buckets) == 100


def test_a_subscribers_addresses_count_as_one() -> None:
    assert address_of(("2001:db8:1:2::1", 1)) == address_of(("2001:db8:1:2:ffff::9", 1)) == "2001:db8:1:2::/64"
    assert address_of(("::ffff:10.0.0.1", 1)) == "10.0.0.1"
    assert address_of(None) == "unknown"


def test_a_request_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = found(tmp_path / "city")
    with served(desk, GENEROUS._replace(request_seconds=0.2)) as running:
        async def never(_query: object) -> None:
            await asyncio.sleep(60)

        monkeypatch.setattr(running.doors, "read_views", never)
        response = running.get("/api/v1/publications")
    assert (response.status_code, response.json()["code"]) == (503, "timed_out")


def test_a_failure_inside_tells_nothing_and_the_log_no_contents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    desk = found(tmp_path / "city")
    caplog.set_level("INFO", logger="mingzhang.api")
    with served(desk) as running:
        def broken(_query: object) -> None:
            raise RuntimeError("secret-of-somebody")

        monkeypatch.setattr(running.doors, "read_views", broken)
        response = running.get("/api/v1/publications?text=also-secret")
        running.pay("told")
    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
    logged = "".join(f"{record.getMessage()}{vars(record).get('told')}" for record in caplog.records)
    assert "RuntimeError" in logged
    assert "'path': '/api/v1/publications', 'status': 500" in logged
    assert "secret" not in response.text + logged
    assert "city:pay-told" not in logged
