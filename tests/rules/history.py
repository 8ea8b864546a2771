# What `zaraba rule try` says, by DuckDB over the recorded files: how many alerts there are at each
# threshold, how they spread, and what the price did afterwards.
import json
import sys

import duckdb

folder, thresholds = sys.argv[1], json.loads(sys.argv[2])
db = duckdb.connect()
for name in ["options", "futures"]:
    db.sql(f"""
        CREATE TABLE {name} AS
        SELECT *, epoch_us(ts) AS t, row_number() OVER (ORDER BY ts, filename, file_row_number) AS n
        FROM read_parquet('{folder}/{name}/*.parquet', filename = true, file_row_number = true)""")

KEY = "product, sq_date, strike, put_call"
HOUR = 3_600_000_000
# Nine hours are between UTC and Japan. The options' night begins at 17:00 and its close is at 6:00, the
# day's hours are 8:45 to 15:45; a session lasts a minute longer than its close.
DAY = f"""
    CASE WHEN (t + 9 * {HOUR}) % (24 * {HOUR}) BETWEEN 8.75 * {HOUR} AND 15.75 * {HOUR} + 59999999
         THEN 'day' ELSE 'night' END"""
END = f"""
    CASE WHEN session = 'day' THEN (t + 9 * {HOUR}) // (24 * {HOUR}) * 24 * {HOUR} + 6.75 * {HOUR} + 60000000
         ELSE ((t + 2 * {HOUR}) // (24 * {HOUR})) * 24 * {HOUR} + 21 * {HOUR} - 0 * {HOUR} + 60000000 END"""


def opened(least):
    db.sql(f"""
        CREATE OR REPLACE TABLE opened AS
        WITH held AS (
            SELECT *, coalesce(price >= {least}, false) AS holds FROM options),
        before AS (
            SELECT *, lag(holds, 1, false) OVER (PARTITION BY {KEY} ORDER BY n) AS held FROM held)
        SELECT {KEY}, t, n, {DAY} AS session FROM before WHERE holds AND NOT held""")
    db.sql(f"CREATE OR REPLACE TABLE opened AS SELECT *, {END} AS session_end FROM opened")


def spread(sql):
    return {word: count for word, count in db.sql(sql).fetchall()}


MONEYNESS = f"""
    WITH future AS (SELECT t, last(price ORDER BY n) AS future FROM futures WHERE price IS NOT NULL GROUP BY t),
    beside AS (
        SELECT o.*, (strike / future - 1) * 100 * CASE put_call WHEN 'C' THEN 1 ELSE -1 END AS out
        FROM opened o ASOF JOIN future f ON o.t >= f.t)
    SELECT CASE WHEN out < -5 THEN 'ITM over 5 %' WHEN out < -1 THEN 'ITM 1–5 %'
                WHEN out <= 1 THEN 'ATM within 1 %' WHEN out <= 5 THEN 'OTM 1–5 %'
                WHEN out <= 10 THEN 'OTM 5–10 %' ELSE 'OTM over 10 %' END AS band, count(*)
    FROM beside GROUP BY band"""


def after(minutes):
    later = f"t + {minutes} * 60000000"
    db.sql(f"""
        CREATE OR REPLACE TABLE prices AS
        SELECT {KEY}, t, last(price ORDER BY n) AS price FROM options
        WHERE price IS NOT NULL GROUP BY ALL""")
    rows = db.sql(f"""
        WITH asked AS (
            SELECT {KEY}, t, {later} AS later FROM opened
            WHERE {later} < session_end AND {later} <= (SELECT max(t) FROM options)),
        now AS (
            SELECT a.*, p.price AS before FROM asked a
            ASOF JOIN prices p USING ({KEY}, t)),
        moved AS (
            SELECT (p.price - before) * 100.0 / before AS change FROM now n
            ASOF JOIN prices p ON n.product = p.product AND n.sq_date = p.sq_date
                AND n.strike = p.strike AND n.put_call = p.put_call AND n.later >= p.t)
        SELECT count(*), quantile_cont(change, 0.25), median(change), quantile_cont(change, 0.75),
               avg(CASE WHEN change > 0 THEN 100.0 WHEN change < 0 THEN 0 ELSE 50 END)
        FROM moved""").fetchone()
    return rows


answers = []
for least in thresholds:
    opened(least)
    answers.append({
        "alerts": db.sql("SELECT count(*) FROM opened").fetchone()[0],
        "session": spread("SELECT session, count(*) FROM opened GROUP BY session"),
        "moneyness": spread(MONEYNESS),
        "after": [after(minutes) for minutes in (5, 15, 60)],
    })
print(json.dumps(answers))
