SELECT ts, side, oi FROM ticks WHERE oi > 5 UNION ALL SELECT ts, 'other' AS side, oi * 2 AS oi FROM other
