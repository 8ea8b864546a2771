SELECT ts, price, price > 1 AS b, abs(price) AS a, round(price) AS r, isnan(price) AS n, price = price AS same FROM ticks
