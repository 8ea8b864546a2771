SELECT ts, oi / 2 AS half, oi % 3 AS rest, -oi AS minus, abs(-oi) AS a, oi & 1 AS odd, power(oi, 2) AS sq FROM ticks
