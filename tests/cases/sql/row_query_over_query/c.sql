SELECT ts AS at, price * 2 + 1 AS more FROM ticks WHERE oi > 4 AND price > 50
