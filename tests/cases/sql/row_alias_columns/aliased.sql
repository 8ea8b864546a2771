SELECT ts AS a, oi AS d FROM ticks WHERE price > 50
