SELECT a.ts, a.id, b.bid
FROM orders a JOIN quotes b ON a.ts = b.ts
