SELECT ts, oi::double AS x FROM ticks WHERE side = 'C' UNION ALL SELECT ts, price FROM ticks WHERE side = 'P'
