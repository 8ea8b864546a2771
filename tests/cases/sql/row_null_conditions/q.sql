SELECT ts, price FROM ticks WHERE NOT price > 100 OR oi = 5
