"""The alerts that the rules must raise, in batch SQL by hand, on DuckDB over the chain as it is, in
decimals: what the digits of the file say.

Arguments: the chain (csv.gz), the folder with the alerts of each rule (NAME.parquet). Prints per rule:
alerts in batch, those that the rule lacks, those that it has too many, those told within five minutes
of one of the same key because they are graver, and repeats that were left out.
"""

import sys

import duckdb

chain, alerts = sys.argv[1:3]
db = duckdb.connect()
db.execute("SET TimeZone = 'UTC'")
db.execute(
    """
    CREATE TABLE quotes AS
    SELECT strptime("timestamp", '%Y%m%d%H%M') - INTERVAL '5 hours 30 minutes' AS ts,
           strptime(expiry, '%d-%b-%Y')::DATE AS sq_date, strike::DECIMAL(18, 2) AS strike,
           left(option_type, 1) AS put_call, ltp::DECIMAL(18, 2) AS price,
           volume::DOUBLE::BIGINT AS volume, oi::DOUBLE::BIGINT AS oi
    FROM read_csv(?, all_varchar = true)
    """,
    [chain],
)
# Open interest five minutes ago, or the oldest since.
db.execute(
    """
    CREATE TABLE oi AS
    SELECT ts, sq_date, strike, put_call, oi AS now, first(oi) OVER lately AS base,
           first(ts) OVER lately AS base_time
    FROM quotes
    WINDOW lately AS (PARTITION BY sq_date, strike, put_call ORDER BY ts
                      RANGE BETWEEN INTERVAL 5 MINUTE PRECEDING AND CURRENT ROW)
    """
)
db.execute("CREATE TABLE oi_large AS FROM oi WHERE base >= 1000 AND abs(now - base) >= 200")
db.execute("DELETE FROM oi WHERE base < 100 OR abs(now - base) < 50")
db.execute(
    """
    CREATE TABLE moves AS FROM quotes QUALIFY price IS DISTINCT FROM
        lag(price) OVER (PARTITION BY sq_date, strike, put_call ORDER BY ts)
    """
)
# The newest price five minutes ago, unless it was so many minutes older.
for table, rows, age in (("price", "quotes", 30), ("price_moves", "moves", 3)):
    db.execute(
        f"""
        CREATE TABLE {table} AS
        SELECT q.ts, q.sq_date, q.strike, q.put_call, q.price AS now, b.price AS base,
               b.ts AS base_time
        FROM {rows} q ASOF JOIN {rows} b
          ON b.sq_date = q.sq_date AND b.strike = q.strike AND b.put_call = q.put_call
             AND b.ts <= q.ts - INTERVAL 5 MINUTE
        WHERE b.ts >= q.ts - INTERVAL 5 MINUTE - INTERVAL {age} MINUTE AND b.price >= 3
          AND abs(q.price - b.price) >= 3 * 0.05 AND q.volume > 0 AND q.volume <> b.volume
        """
    )


def found(table, info, watch, high):
    """Jumps of so many percent, numbered for each option."""
    what, size = table.split("_")[0], "abs(now - base) * 100"
    return f"""
        SELECT *, '{what}_jump' AS kind, CASE WHEN {size} >= {high} * base THEN 3
            WHEN {size} >= {watch} * base THEN 2 ELSE 1 END AS grade, {info} AS threshold,
            CASE WHEN now > base THEN '{what}_surge' ELSE '{what}_drop' END AS code,
            row_number() OVER (PARTITION BY sq_date, strike, put_call ORDER BY ts) AS n
        FROM {table} WHERE {size} >= {info} * base"""


def told(jumps):
    """Those of them that are not within five minutes of the one told last, unless they are graver."""
    return f"""
        WITH RECURSIVE jumps AS ({jumps}), told AS (
            SELECT *, ts AS said, grade AS said_grade, true AS goes, false AS graver
            FROM jumps WHERE n = 1
            UNION ALL
            SELECT next.*, if(cools, t.said, next.ts), if(cools, t.said_grade, next.grade),
                   NOT cools, near AND NOT cools
            FROM (SELECT t AS t, j AS next, j.ts < t.said + INTERVAL 5 MINUTE AS near,
                         near AND j.grade <= t.said_grade AS cools
                  FROM told t JOIN jumps j ON j.sq_date = t.sq_date AND j.strike = t.strike
                       AND j.put_call = t.put_call AND j.n = t.n + 1)
        ) SELECT * FROM told"""


def told_all(jumps):
    return f"SELECT *, true AS goes, false AS graver FROM ({jumps})"


rules = {
    "oi_jump": told_all(found("oi", 5, 10, 20)),
    "oi_eager": told(found("oi_large", 3, 5, 10)),
    "price_jump": told_all(found("price", 10, 20, 50)),
    "price_eager": told(found("price_moves", 5, 7.5, 10)),
}


def fnv(data):
    """FNV-1a of 128 bits."""
    value = 0x6C62272E07BB014262B821756295C58D
    for byte in data:
        value = (value ^ byte) * 0x0000000001000000000000000000013B % 2**128
    return value


def identity(rule, kind, key, time):
    """The id of the first alert of its kind, key and time, as docs/reference/rules.md has it."""
    texts = b"".join(len(t).to_bytes(8, "little") + t for t in map(str.encode, (rule, kind, key)))
    return f"{fnv(texts + time.to_bytes(8, 'little', signed=True) + bytes(8)):032x}"


db.create_function("identity", identity, ["VARCHAR", "VARCHAR", "VARCHAR", "BIGINT"], "VARCHAR")
for rule, sql in rules.items():
    db.execute(f"CREATE OR REPLACE TEMP TABLE jumps AS {sql}")
    db.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE e AS
        SELECT epoch_us(ts) AS time, '{rule}' AS rule, 'open' AS state,
               ['info', 'watch', 'high'][grade] AS severity, kind,
               'NIFTY50.option ' || sq_date || ' ' || strike::BIGINT || ' ' || put_call AS key, code,
               round((now - base)::DOUBLE * 100 / base::DOUBLE, 9) AS value, base::DOUBLE AS baseline,
               epoch_us(base_time) AS baseline_time, threshold::DOUBLE AS threshold, '%' AS unit,
               identity('{rule}', kind, key, epoch_us(ts)) AS id,
               sq_date, strike::DOUBLE AS strike, put_call
        FROM jumps WHERE goes
        """
    )
    db.execute(
        f"""
        CREATE OR REPLACE TEMP VIEW a AS
        SELECT epoch_us(time) AS time, rule, state, severity, kind, key, code, round(value, 9) AS value,
               baseline, epoch_us(baseline_time) AS baseline_time, threshold, unit, id,
               sq_date, strike, put_call
        FROM read_parquet('{alerts}/{rule}.parquet')
        """
    )
    lacks = db.execute("SELECT * FROM e EXCEPT ALL SELECT * FROM a").fetchall()
    extra = db.execute("SELECT * FROM a EXCEPT ALL SELECT * FROM e").fetchall()
    print(*lacks[:3], *extra[:3], sep="\n", file=sys.stderr)
    count = lambda q: db.execute(f"SELECT count(*) FROM {q}").fetchall()[0][0]
    graver, left_out = count("jumps WHERE graver"), count("jumps WHERE NOT goes")
    print(rule, count("e"), len(lacks), len(extra), graver, left_out)
