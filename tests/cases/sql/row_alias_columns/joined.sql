SELECT l.ts AS t, r.oi AS o FROM ticks l JOIN ticks r ON l.oi = r.oi AND r.ts BETWEEN l.ts - INTERVAL '1 minute' AND l.ts
