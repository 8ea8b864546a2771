SELECT ts, v FROM ticks WHERE v >= 2
