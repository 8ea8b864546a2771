SELECT ts, id, side, price - bid AS edge
FROM (SELECT o.ts, o.id, o.side, o.price, c.bid,
             row_number() OVER (PARTITION BY o.id ORDER BY c.ts DESC) AS n
      FROM orders o JOIN quotes c ON o.side = c.side AND c.ts <= o.ts) AS v
WHERE n = 1
