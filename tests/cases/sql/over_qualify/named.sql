SELECT ts, side, n FROM (SELECT *, row_number() OVER (PARTITION BY side ORDER BY ts) AS n FROM ticks WHERE oi > 1) WHERE n <= 2
