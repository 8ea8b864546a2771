"""Indicators of the bars in CSV files, by TA-Lib and by formulas written out. Prints for each file
a JSON object: names, and by name the answers of all bars, null where there is none."""

import csv, json, math, statistics, sys

import numpy as np
import talib


def windows(n, *columns):
    """The last n of each column at each bar, none before there are n."""
    for i in range(len(columns[0])):
        yield [column[i + 1 - n : i + 1] for column in columns] if i + 1 >= n else None


def rolling(n, formula, *columns):
    return [None if w is None else formula(*w) for w in windows(n, *columns)]


def rci(closes):
    newest_first = closes[::-1]
    ordered = sorted(closes, reverse=True)
    total = 0.0
    for date_rank, close in enumerate(newest_first, 1):
        places = [place for place, other in enumerate(ordered, 1) if other == close]
        total += (date_rank - sum(places) / len(places)) ** 2
    n = len(closes)
    return (1 - 6 * total / (n * (n * n - 1))) * 100


def zscore(values):
    spread = statistics.pstdev(values)
    return (values[-1] - statistics.fmean(values)) / spread if spread else None


def zscore_mad(values):
    middle = statistics.median(values)
    spread = statistics.median(abs(v - middle) for v in values)
    return (values[-1] - middle) / (1.4826 * spread) if spread else None


def beta(ys, xs):
    if min(xs) == max(xs):
        return None
    return statistics.linear_regression(xs, ys).slope


def ratio(advances, declines):
    return math.fsum(advances) / math.fsum(declines) * 100 if math.fsum(declines) else None


def percentile(values):
    return 100 * sum(v <= values[-1] for v in values) / len(values)


def vwap(prices, volumes):
    answers = []
    for i in range(1, len(prices) + 1):
        volume = math.fsum(volumes[:i])
        turnover = math.fsum(p * v for p, v in zip(prices[:i], volumes[:i]))
        answers.append(turnover / volume if volume else None)
    return answers


def answers(path):
    with open(path, newline="") as file:
        bars = sorted(csv.DictReader(file), key=lambda bar: int(bar["time"]))
    column = lambda name: [float(bar[name]) for bar in bars]
    opens, highs, lows = column("open"), column("high"), column("low")
    closes, volumes = column("close"), column("Volume")
    high, low, close, volume = map(np.array, (highs, lows, closes, volumes))
    upper, middle, lower = talib.BBANDS(close, 20, 2.0, 2.0)
    rises = [h - o for h, o in zip(highs, opens)]
    falls = [o - l for l, o in zip(lows, opens)]
    return {
        "sma": talib.SMA(close, 20),
        "ema": talib.EMA(close, 20),
        "rsi": talib.RSI(close, 14),
        "atr": talib.ATR(high, low, close, 14),
        "lower": lower,
        "middle": middle,
        "upper": upper,
        "corr": talib.CORREL(close, volume, 20),
        "slope": talib.LINEARREG_SLOPE(close, 14),
        "rci": rolling(9, rci, closes),
        "vwap": vwap(closes, volumes),
        "zscore": rolling(20, zscore, closes),
        "mad": rolling(20, zscore_mad, closes),
        "rank": rolling(50, percentile, closes),
        "beta": rolling(20, beta, closes, volumes),
        "ratio": rolling(25, ratio, rises, falls),
    }


for path in sys.argv[1:]:
    plain = lambda v: None if v is None or math.isnan(v) else float(v)
    print(json.dumps({name: [plain(v) for v in of] for name, of in answers(path).items()}))
