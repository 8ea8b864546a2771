WITH w AS (
  SELECT *, row_number() OVER k AS place,
         avg(volume) OVER r AS mean_volume, avg(price) OVER r AS mean, stddev_pop(price) OVER r AS sd,
         corr(price, volume) OVER r AS corr, covar_pop(volume, price) OVER r AS cov,
         stddev_pop(volume) OVER r AS moves,
         array_agg(price) OVER (PARTITION BY side ORDER BY ts, n ROWS 3 PRECEDING) AS four,
         sum(price) OVER (PARTITION BY side ORDER BY ts, n ROWS 1 PRECEDING) AS adv,
         sum(volume) OVER (PARTITION BY side ORDER BY ts, n ROWS 1 PRECEDING) AS dec,
         sum(price * volume) OVER k AS turnover, sum(volume) OVER k AS traded
  FROM ticks WHERE price IS NOT NULL AND volume IS NOT NULL
  WINDOW k AS (PARTITION BY side ORDER BY ts, n), r AS (PARTITION BY side ORDER BY ts, n ROWS 2 PRECEDING)
)
SELECT ts, n, side, CASE WHEN place >= 3 THEN mean_volume END AS sma,
       CASE WHEN place >= 3 AND sd > 0 THEN round((price - mean) / sd, 9) END AS z,
       CASE WHEN place >= 3 THEN mean - 1.5 * sd <= price END AS above,
       CASE WHEN place >= 3 THEN round(mean + 1.5 * sd, 9) END AS upper,
       CASE WHEN place >= 4 THEN 25.0 * ((CASE WHEN four[1] <= price THEN 1 ELSE 0 END) + (CASE WHEN four[2] <= price THEN 1 ELSE 0 END) + (CASE WHEN four[3] <= price THEN 1 ELSE 0 END) + 1) END AS rank,
       CASE WHEN place >= 3 AND sd > 0 AND moves > 0 THEN round(corr, 9) END AS corr,
       CASE WHEN place >= 3 AND sd > 0 THEN round(cov / (sd * sd), 9) + 0.0 END AS beta,
       CASE WHEN place >= 2 AND dec > 0 THEN adv * 100 / dec END AS ratio,
       round(turnover / nullif(traded, 0), 9) AS vwap
FROM w
