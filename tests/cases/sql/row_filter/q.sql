SELECT ts, side, price * oi AS turnover FROM ticks WHERE price >= 99 AND oi <> 4
