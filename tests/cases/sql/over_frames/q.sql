SELECT ts, n, contract, price, lag(price) OVER (PARTITION BY contract ORDER BY ts, n) AS before,
       avg(price) OVER (PARTITION BY contract ORDER BY ts, n ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS mean,
       max(price) OVER (PARTITION BY contract ORDER BY ts RANGE BETWEEN INTERVAL '1 minute' PRECEDING AND CURRENT ROW) AS high,
       count(*) OVER (ORDER BY ts RANGE BETWEEN INTERVAL '30 seconds' PRECEDING AND CURRENT ROW) AS trades
FROM ticks
