SELECT ts, price AS "Price", oi AS "open interest", side AS "C/P" FROM ticks WHERE oi > 7
