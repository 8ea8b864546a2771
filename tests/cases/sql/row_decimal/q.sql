SELECT ts, cost * 3 AS three, cost + 0.005 AS more, round(cost, 1) AS r, cost > 1 AS b FROM ticks
