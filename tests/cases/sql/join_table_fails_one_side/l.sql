-- What the table showed: of each side the newest quote up to the order.
WITH seen AS (
  SELECT o.ts, o.id, max(z.ts) AS newest
  FROM orders o LEFT JOIN quotes z ON z.side = o.side AND z.ts <= o.ts
  GROUP BY o.ts, o.id)
SELECT s.ts, s.id,
  CASE WHEN 10 / nullif(c.lot - 1, 0) > 4 THEN c.bid END AS bid,
  CASE WHEN 10 / nullif(c.lot - 1, 0) > 4 THEN c.lot END AS lot
FROM seen s LEFT JOIN quotes c ON c.ts = s.newest
WHERE c.lot IS NULL OR c.lot <> 1
