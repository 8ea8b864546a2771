SELECT ts, id, side
FROM orders
WHERE ts IN (SELECT ts FROM quotes)
