SELECT ts AS x, oi AS z FROM ticks WHERE oi > 2
