SELECT date_bin(INTERVAL '1 minute', ts) AS window_start, date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end, side, corr(price, oi) AS r, covar_pop(price, oi) AS c, regr_slope(price, oi) AS slope, regr_intercept(price, oi) AS zero, regr_count(price, oi) AS n, regr_r2(price, oi) AS r2
FROM ticks
GROUP BY date_bin(INTERVAL '1 minute', ts), side
