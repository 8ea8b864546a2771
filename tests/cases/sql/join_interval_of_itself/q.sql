SELECT a.ts, a.id, b.id AS later, b.price - a.price AS move
FROM orders a LEFT JOIN orders b
  ON a.side = b.side AND b.ts > a.ts AND b.ts <= a.ts + INTERVAL '15 seconds' AND b.price > a.price
