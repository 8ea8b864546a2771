SELECT ts, price - 100 AS above FROM ticks WHERE side = 'C' AND price > 100 AND oi > 3
