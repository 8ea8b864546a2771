"""What the pipeline nse-chain means, in batch SQL by hand, on DuckDB over the file as it is.

Arguments: the chain (csv.gz), the folder with the pipeline's output. Prints per stream: rows in
batch, rows that the stream lacks, rows that it has too many.
"""

import sys

import duckdb

chain, out = sys.argv[1:3]
db = duckdb.connect()
db.execute("SET TimeZone = 'UTC'")
db.execute(
    """
    CREATE TABLE quotes AS
    SELECT row_number() OVER () AS seq,
           strptime("timestamp", '%Y%m%d%H%M') - INTERVAL '5 hours 30 minutes' AS ts,
           strptime(expiry, '%d-%b-%Y')::DATE AS sq_date, strike::DOUBLE AS strike,
           left(option_type, 1) AS put_call, ltp::DOUBLE AS price,
           CASE WHEN gamma::DOUBLE <> 0 OR vega::DOUBLE <> 0 THEN iv::DOUBLE END AS iv,
           volume::DOUBLE::BIGINT AS volume, oi::DOUBLE::BIGINT AS oi
    FROM read_csv(?, all_varchar = true)
    """,
    [chain],
)
batch = {
    "options": """
        SELECT ts, '2026-08-19'::DATE AS trading_day, 'NIFTY50.option' AS product, sq_date, strike,
               put_call, price, NULL::TIMESTAMP AS price_time, NULL::DOUBLE AS bid,
               NULL::BIGINT AS bid_qty, NULL::DOUBLE AS ask, NULL::BIGINT AS ask_qty, iv,
               NULL::DOUBLE AS bid_iv, NULL::DOUBLE AS ask_iv, volume, oi,
               '2026-08-19'::DATE AS oi_date, NULL::DOUBLE AS settlement, 'nse' AS source
        FROM quotes""",
    "oi_window": """
        WITH starts AS (
            SELECT unnest(generate_series(
                (SELECT min(ts) FROM quotes) - INTERVAL '4 minutes',
                (SELECT max(ts) FROM quotes), INTERVAL '1 minute')) AS s)
        SELECT s AS window_start, s + INTERVAL '5 minutes' AS window_end,
               sq_date, strike, put_call,
               arg_min(oi, (ts, seq)) AS oi_start, arg_max(oi, (ts, seq)) AS oi_end,
               arg_min(volume, (ts, seq)) AS volume_start, arg_max(volume, (ts, seq)) AS volume_end
        FROM starts JOIN quotes ON ts >= s AND ts < s + INTERVAL '5 minutes'
        GROUP BY ALL""",
    "balance": """
        SELECT t AS as_of, sq_date,
               sum(CASE WHEN put_call = 'C' THEN oi END) AS call_oi,
               sum(CASE WHEN put_call = 'P' THEN oi END) AS put_oi,
               sum(CASE WHEN put_call = 'P' THEN oi END)
                   / sum(CASE WHEN put_call = 'C' THEN oi END) AS pcr
        FROM chain_at GROUP BY ALL""",
    "top_strikes": """
        SELECT t AS as_of, sq_date,
               row_number() OVER (PARTITION BY t, sq_date ORDER BY sum(oi) DESC, strike) AS rank,
               strike, sum(oi) AS oi
        FROM chain_at GROUP BY t, sq_date, strike QUALIFY rank <= 14""",
}
# The newest row of each contract at each minute.
db.execute(
    """
    CREATE TABLE chain_at AS
    SELECT t, sq_date, strike, put_call, arg_max(oi, (ts, seq)) AS oi
    FROM (SELECT unnest(generate_series(
              (SELECT min(ts) FROM quotes), (SELECT max(ts) FROM quotes), INTERVAL '1 minute')) AS t)
    JOIN quotes ON ts <= t
    GROUP BY ALL
    """
)
for stream, sql in batch.items():
    db.execute(f"CREATE OR REPLACE TEMP TABLE expected AS {sql}")
    columns = [row[0] for row in db.execute("DESCRIBE expected").fetchall()]

    def shown(column: str) -> str:
        if column in ("ts", "window_start", "window_end", "as_of"):
            return f"epoch_us({column}) AS {column}"
        return f"round({column}, 9) AS {column}" if column == "pcr" else column

    wanted = ", ".join(shown(c) for c in columns)
    db.execute(f"CREATE OR REPLACE TEMP VIEW e AS SELECT {wanted} FROM expected")
    source = f"read_parquet('{out}/{stream}.parquet')"
    # An upsert stream says of each row whether it replaces or deletes; here nothing is deleted.
    db.execute(f"CREATE OR REPLACE TEMP VIEW a AS SELECT {wanted} FROM {source}")
    count = lambda q: db.execute(f"SELECT count(*) FROM ({q})").fetchall()[0][0]
    rows = count("SELECT * FROM e")
    missing = count("SELECT * FROM e EXCEPT ALL SELECT * FROM a")
    extra = count("SELECT * FROM a EXCEPT ALL SELECT * FROM e")
    print(stream, rows, missing, extra)
