"""PostgreSQL doing the same control: one PL/pgSQL function with the ledger's guards, a line's balance, an audit row.

A throw-away cluster on a free port of this machine, synchronous_commit on; nothing hashed, signed or proved. The guards
are those of decide_request_payment, in its order, so that both sides do the same work a payment.
"""

import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from stage import LINES, NOW, PAYEES, YEAR, payment

SCHEMA = """
CREATE TABLE person (id text PRIMARY KEY, public_key text, revoked boolean NOT NULL);
CREATE TABLE person_grant (person text REFERENCES person, role text, path text, from_time bigint, until_time bigint);
CREATE INDEX ON person_grant (person);
CREATE TABLE organisation (id text PRIMARY KEY, path text NOT NULL);
CREATE TABLE parameter (name text PRIMARY KEY, value bigint NOT NULL);
CREATE TABLE payee (id text PRIMARY KEY, suspended boolean NOT NULL);
CREATE TABLE budget_line (id text PRIMARY KEY, organisation text REFERENCES organisation, year int, approved bigint,
  adjusted bigint, allocated bigint, frozen bigint, encumbered bigint, reserved bigint, in_transit bigint, paid bigint,
  blocked boolean NOT NULL, paid_from text NOT NULL, plan bigint[],
  CHECK (approved + adjusted - frozen - encumbered - reserved - in_transit - paid >= 0));
CREATE TABLE payment (id text PRIMARY KEY, line text REFERENCES budget_line, payee text REFERENCES payee, amount bigint,
  purpose text, business_date date, invoice text, status text NOT NULL, requested_by text);
CREATE UNIQUE INDEX payment_invoice ON payment (invoice) WHERE status <> 'rejected';
CREATE INDEX payment_line ON payment (line);
CREATE TABLE audit (id bigserial PRIMARY KEY, at timestamptz DEFAULT now(), signer text, code text, command jsonb);

CREATE FUNCTION request_payment(signer text, today date, command jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  l budget_line; org_path text; amount bigint := (command->>'amount_fen')::bigint; code text := 'ok'; state text;
  day date := (command->>'business_date')::date; hold_above bigint; hold_from bigint; stored payment;
BEGIN
  SELECT * INTO l FROM budget_line WHERE id = command->>'line_id' FOR UPDATE;
  IF NOT FOUND THEN code := 'line_not_found';
  ELSE
    SELECT path INTO org_path FROM organisation WHERE id = l.organisation;
    IF NOT EXISTS (SELECT 1 FROM person_grant g WHERE g.person = signer AND g.role = 'unit_finance'
        AND org_path LIKE g.path || '%' AND g.from_time <= extract(epoch FROM now())
        AND (g.until_time IS NULL OR g.until_time > extract(epoch FROM now()))) THEN code := 'not_authorised';
    ELSIF split_part(command->>'payment_id', ':', 1) <> l.organisation THEN code := 'foreign_id';
    ELSE
      SELECT * INTO stored FROM payment WHERE id = command->>'payment_id';
      IF FOUND THEN code := CASE WHEN stored.amount = amount THEN 'exists' ELSE 'exists_with_different' END;
      ELSIF day > today THEN code := 'future';
      ELSIF NOT EXISTS (SELECT 1 FROM payee WHERE id = command->>'payee_id' AND NOT suspended) THEN code := 'payee';
      ELSIF l.blocked THEN code := 'frozen';
      ELSIF extract(year FROM day) <> l.year THEN code := 'year';
      ELSIF amount > l.approved + l.adjusted - l.frozen - l.encumbered - l.reserved - l.in_transit - l.paid THEN
        code := 'exceeds_available_balance';
      ELSIF l.paid_from = 'project_account' AND amount > l.allocated - l.reserved - l.in_transit - l.paid THEN
        code := 'exceeds_allocated';
      ELSIF command->>'invoice' IS NOT NULL AND EXISTS (SELECT 1 FROM payment
          WHERE invoice = command->>'invoice' AND status <> 'rejected') THEN code := 'invoice';
      ELSE
        SELECT value INTO hold_above FROM parameter WHERE name = 'payment_hold_above_fen';
        SELECT value INTO hold_from FROM parameter WHERE name = 'year_end_hold_from_day';
        state := CASE WHEN amount >= hold_above OR to_char(day, 'MMDD')::bigint >= hold_from THEN 'held'
          ELSE 'in_transit' END;
        INSERT INTO payment VALUES (command->>'payment_id', l.id, command->>'payee_id', amount, command->>'purpose',
          day, command->>'invoice', state, signer);
        IF state = 'held' THEN UPDATE budget_line SET reserved = reserved + amount WHERE id = l.id;
        ELSE UPDATE budget_line SET in_transit = in_transit + amount WHERE id = l.id; END IF;
      END IF;
    END IF;
  END IF;
  INSERT INTO audit (signer, code, command) VALUES (signer, code, command);
  RETURN code;
END $$;

CREATE FUNCTION request_batch(signer text, today date, commands jsonb) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE command jsonb;
BEGIN
  FOR command IN SELECT c FROM jsonb_array_elements(commands) c ORDER BY c->>'line_id' LOOP  -- or they deadlock
    RETURN NEXT request_payment(signer, today, command);
  END LOOP;
END $$;
"""


def _program(name: str) -> str:
    for folder in (*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), Path("/usr/local/bin")):
        if (folder / name).exists():
            return str(folder / name)
    found = shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"{name}: the PostgreSQL server is not installed")
    return found


@contextmanager
def cluster() -> Iterator[str]:
    """A throw-away PostgreSQL; its connection string."""
    directory = Path(tempfile.mkdtemp(prefix="mingzhang-pg-"))
    owner = pwd.getpwnam("postgres").pw_uid if os.geteuid() == 0 else os.geteuid()
    os.chown(directory, owner, -1)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def run(*words: str) -> None:
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, user=owner, cwd=directory)

    data = str(directory / "data")
    try:
        run(_program("initdb"), "-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8", "--no-locale")
        options = f"-p {port} -k {directory} -c listen_addresses=127.0.0.1 -c shared_buffers=1GB -c max_wal_size=8GB"
        run(_program("pg_ctl"), "-D", data, "-w", "-l", str(directory / "log"), "-o", options, "start")
        try:
            yield f"host=127.0.0.1 port={port} user=bench dbname=postgres"
        finally:
            run(_program("pg_ctl"), "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def furnish(url: str) -> None:
    """The same stage: one cashier, lines, payees, parameters."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(SCHEMA)
        cursor.execute("INSERT INTO person VALUES ('cashier', '', false)")
        cursor.execute("INSERT INTO person_grant VALUES ('cashier', 'unit_finance', '/city/', 0, NULL)")
        cursor.execute("INSERT INTO organisation VALUES ('city', '/city/')")
        cursor.execute(
            "INSERT INTO parameter VALUES ('payment_hold_above_fen', 50000000), ('year_end_hold_from_day', 1215)"
        )
        cursor.executemany("INSERT INTO payee VALUES (%s, false)", [(f"city:payee-{n}",) for n in range(PAYEES)])
        cursor.executemany(
            "INSERT INTO budget_line VALUES (%s, 'city', %s, %s, 0, 0, 0, 0, 0, 0, 0, false, 'treasury', NULL)",
            [(f"city:line-{n}", YEAR, 10**13) for n in range(LINES)],
        )


def command(number: int) -> str:
    """The same payment as JSON text."""
    request = payment(number)
    return json.dumps({name: getattr(request, name) for name in request.__struct_fields__}, ensure_ascii=False)


TODAY = time.strftime("%Y-%m-%d", time.gmtime(NOW + 8 * 3600))


def batches(url: str, count: int, size: int, *, run: int = 0) -> float:
    """Payments a second, in calls of `size`, one transaction each; the better of one and two connections.

    `run` keeps the ids of one run apart from another's.
    """
    best = 0.0
    for clients in (1, 2):
        origin = (2 * run + clients) * 10_000_000
        starts = range(origin, origin + count, size)
        calls = ["[" + ",".join(command(start + n) for n in range(size)) + "]" for start in starts]
        query = "SELECT count(*) FROM request_batch('cashier', %s, %s) c WHERE c = 'ok'"
        best = max(best, size * _timed(url, query, calls, clients=clients, expected=size))
    return best


def singles(url: str, count: int, clients: int, *, run: int = 0) -> float:
    """Payments a second, one call and one transaction each, from `clients` connections."""
    calls = [command(5_000_000_000 + run * 10_000_000 + number) for number in range(count)]
    return _timed(url, "SELECT request_payment('cashier', %s, %s)", calls, clients=clients, expected="ok")


def _timed(url: str, query: str, calls: list[str], *, clients: int, expected: object) -> float:
    def work(part: list[str], ready: threading.Barrier) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            ready.wait()
            for text in part:
                row = connection.execute(query, (TODAY, text), prepare=True).fetchone()
                if row is None or row[0] != expected:
                    ready.abort()
                    raise RuntimeError(f"expected {expected}, got {row}")
            ready.wait()

    ready = threading.Barrier(clients + 1)
    threads = [threading.Thread(target=work, args=(calls[n::clients], ready), daemon=True) for n in range(clients)]
    for thread in threads:
        thread.start()
    ready.wait(timeout=60)
    started = time.perf_counter()
    ready.wait(timeout=600)
    return len(calls) / (time.perf_counter() - started)


if __name__ == "__main__":
    with cluster() as here:
        furnish(here)
        print("batches of 500 a second", round(batches(here, 20_000, 500)))
        print("single calls a second, 16 clients", round(singles(here, 8_000, 16)))
