"""Stands in for the vendors of pipelines/feeds, as their public pages describe them, traps included.

Prints the port that it listens on, on loopback, and serves until it is killed:

  /v2/...        J-Quants V2: a key in `x-api-key`, pages by `pagination_key`, "" for numbers that are
                 not there, 429 without Retry-After (the second request gets one)
  /kabusapi/...  kabu STATION: a token by POST, which makes earlier ones invalid; at most 50 symbols,
                 those asked for by REST counted; 10 requests in a second, then 429 for a second; the
                 push WebSocket; `BidPrice` is the ask
  /quotes        some vendor's rows behind a header `Authorization`

All numbers are made up. GET /asked tells what was asked, one `METHOD path` a line; GET /refused what was
refused of kabu STATION's, with status and code; GET /registered how many symbols are. Beside a clock
that is moved by hand, a second of the limits is as long as the first argument says.
"""

import base64
import hashlib
import json
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

KEYS = ("none", "key-of-the-stand-in")
PASSWORDS = ("none", "pass-of-the-stand-in")
SYMBOLS_MAX = 50
REQUESTS_MAX = 10
SECOND = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0

lock = threading.Lock()
asked = []
refused = []
state = {"tokens": 0, "registered": [], "quota": 0, "times": [], "blocked": 0.0}


def option(code, strike, side, close, volume, oi, settle, iv, emergency="002", night=""):
    """A row of https://jpx-jquants.com/en/spec/drv-bars-daily-opt-225 with all its fields."""
    row = {"Date": "2026-09-01", "Code": code}
    row |= dict.fromkeys(["O", "H", "L"], close) | {"C": close}
    row |= dict.fromkeys(["EO", "EH", "EL", "EC"], night)
    row |= dict.fromkeys(["AO", "AH", "AL", "AC"], close)
    row |= {"Vo": volume, "OI": oi, "Va": volume * 1000.0, "CM": "2026-09", "Strike": strike, "VoOA": volume}
    row |= {"EmMrgnTrgDiv": emergency, "PCDiv": side, "LTD": "2026-09-10", "SQD": "2026-09-11"}
    return row | {"Settle": settle, "Theo": settle, "BaseVol": 25.1, "UnderPx": 65012.5, "IV": iv, "IR": 0.5}


def future(code, category, close, volume, oi, settle, month="2026-09", sq="2026-09-11"):
    """A row of https://jpx-jquants.com/en/spec/drv-bars-daily-fut."""
    row = {"Code": code, "ProdCat": category, "Date": "2026-09-01"}
    row |= dict.fromkeys(["O", "H", "L"], close) | {"C": close}
    row |= dict.fromkeys(["MO", "MH", "ML", "MC"], "") | dict.fromkeys(["EO", "EH", "EL", "EC"], close)
    row |= dict.fromkeys(["AO", "AH", "AL", "AC"], close)
    row |= {"Vo": volume, "OI": oi, "Va": 0.0, "CM": month, "VoOA": volume, "EmMrgnTrgDiv": "002"}
    return row | {"LTD": "2026-09-10", "SQD": sq, "Settle": settle, "CCMFlag": "1"}


OPTIONS = [
    [option("130090018", 70000.0, "2", 57.0, 1500.0, 4655.0, 56.0, 26.1, night=58.0)],
    [
        # Nothing was traded; what margins were called at in the day; no number.
        option("130090118", 20000.0, "1", 0.0, 0.0, 12.0, 1.0, ""),
        option("130090018", 70000.0, "2", 60.0, 700.0, 4655.0, 61.0, 26.0, emergency="001"),
        option("130090218", 61125.0, "1", 3.0, 2.0, "", "", 31.5),
    ],
]
FUTURES = [
    [future("169090018", "NK225F", 65000.0, 30000.0, 250000.0, 65010.0), future("1", "TOPIXF", 3000.0, 1.0, 1.0, 3001.0)],
    [future("169090019", "NK225MF", 65005.0, 900000.0, 400000.0, 65010.0)],
]


def board(symbol, name, price, bid, ask, exchange=2, **more):
    """A board of https://kabucom.github.io/kabusapi/reference/index.html: BidPrice is what a seller asks."""
    row = {"Symbol": symbol, "SymbolName": name, "Exchange": exchange, "ExchangeName": "大阪日通し"}
    row |= {"CurrentPrice": price, "CurrentPriceTime": "2026-09-01T09:59:58+09:00" if price else None}
    row |= {"CurrentPriceStatus": 1 if price else None, "CalcPrice": price, "PreviousClose": 90.0}
    row |= {"TradingVolume": 143.0 if price else None, "VWAP": None, "TradingValue": None}
    row |= {"BidQty": 2.0 if ask else 0.0, "BidPrice": ask, "BidTime": None, "BidSign": "0101"}
    row |= {"Sell1": {"Price": ask, "Qty": 2.0, "Sign": "0101"}}
    row |= {"AskQty": 4.0 if bid else 0.0, "AskPrice": bid, "AskTime": None, "AskSign": "0101"}
    row |= {"Buy1": {"Price": bid, "Qty": 4.0, "Sign": "0101"}}
    row |= {"IV": None, "Gamma": None, "Theta": None, "Vega": None, "Delta": None, "ClearingPrice": None}
    return row | {"SecurityType": 103} | more


BOARDS = {
    # Greeks come for the symbol of the whole day only (exchange 2).
    "131090018": board("131090018", "日経平均オプション 26/09 コール 70000", 55.0, 53.0, 56.0, IV=26.1, Delta=0.08),
    # Early in a session: no trade, one side.
    "141090018": board("141090018", "日経平均オプション 26/09 プット 30000", None, 0.0, 1.0),
    # The sides are of different moments: the bid is above the ask.
    "131090118": board("131090118", "日経平均オプション 26/09 コール 69000", 100.0, 104.0, 101.0, IV=25.0),
    # The date of the last trade is a day behind, shortly after midnight and at other times.
    "169090019": board(
        "169090019", "日経225mini 26/09", 65000.0, 64995.0, 65000.0,
        SecurityType=901, CurrentPriceTime="2026-08-31T09:59:59+09:00", ClearingPrice=64800.0,
    ),
    # Before the opening: orders, but nothing to trade at.
    "141090118": board("141090118", "日経平均オプション 26/09 プット 60000", None, 130.0, 90.0, BidSign="0107", AskSign="0107"),
    "101": board("101", "日経平均株価", 65020.5, None, None, exchange=1, SecurityType=0, TradingVolume=None),
}
# Calls and puts by turns, from 61000 to 68250.
EXTRA = {
    str(n): board(str(n), f"日経平均オプション 26/10 {('コール', 'プット')[n % 2]} {61000 + (n - 200) // 2 * 250}", 5.0, 4.0, 6.0)
    for n in range(200, 260)
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, headers=()):
        data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def do_GET(self):
        self.route("GET")

    def do_POST(self):
        self.route("POST")

    def do_PUT(self):
        self.route("PUT")

    def route(self, method):
        path = urlsplit(self.path)
        body = self.body()
        told = {"/asked": asked, "/refused": refused, "/registered": [str(len(state["registered"]))]}
        if path.path in told:
            return self.answer(200, "\n".join(told[path.path]).encode())
        asked.append(f"{method} {self.path}")
        if path.path.startswith("/v2/"):
            return self.jquants(path)
        if path.path.startswith("/kabusapi/"):
            return self.kabu(method, path, body)
        if path.path == "/quotes":
            return self.quotes()
        self.answer(404, {"message": "no such path"})

    def quotes(self):
        if self.headers.get("Authorization") != "Bearer token-of-the-stand-in":
            return self.answer(401, {"message": "who are you"})
        rows = [
            {"time": f"2026-09-01T10:00:0{i}+09:00", "code": "C70000", "last": {"price": 50.5 + i, "size": i or None}}
            for i in range(7)
        ]
        self.answer(200, {"status": "ok", "data": {"quotes": rows}})

    def jquants(self, path):
        if self.headers.get("x-api-key") not in KEYS:
            return self.answer(403, {"message": "The incoming api key is invalid or expired."})
        with lock:
            state["quota"] += 1
            if state["quota"] == 2:
                return self.answer(429, {"message": "Rate limit exceeded."})
        query = {name: values[0] for name, values in parse_qs(path.query).items()}
        if "date" not in query:
            return self.answer(400, {"message": "This API requires at least 1 parameter as follows; date"})
        pages = {"/v2/derivatives/bars/daily/options/225": OPTIONS, "/v2/derivatives/bars/daily/futures": FUTURES}
        pages = pages.get(path.path)
        if pages is None:
            return self.answer(403, {"message": "The path is wrong."})
        if query["date"] != "2026-09-01":
            return self.answer(200, {"data": []})
        page = int(query.get("pagination_key", "page.0").split(".")[1])
        answer = {"data": pages[page]}
        if page + 1 < len(pages):
            answer["pagination_key"] = f"page.{page + 1}"
        self.answer(200, answer)

    def refuse(self, status, code, message):
        refused.append(f"{self.command} {self.path} {status} {code}")
        self.answer(status, {"Code": code, "Message": message})

    def too_many(self):
        """Ten in a second; who asks for more is refused until it was quiet for one."""
        with lock:
            now = time.monotonic()
            if now < state["blocked"]:
                return True
            state["times"] = [t for t in state["times"] if t > now - SECOND] + [now]
            if len(state["times"]) <= REQUESTS_MAX:
                return False
            state["blocked"] = now + SECOND
            return True

    def kabu(self, method, path, body):
        what = path.path.removeprefix("/kabusapi/")
        if what == "websocket":
            return self.push()
        if (method, what) == ("POST", "token"):
            if json.loads(body).get("APIPassword") not in PASSWORDS:
                return self.refuse(401, 4001013, "トークン取得失敗")
            with lock:
                state["tokens"] += 1
                return self.answer(200, {"ResultCode": 0, "Token": f"token{state['tokens']}"})
        if self.headers.get("X-API-KEY") != f"token{state['tokens']}":
            return self.refuse(401, 4001009, "APIキー不一致")
        if self.too_many():
            return self.refuse(429, 4001006, "API実行回数エラー")
        if (method, what) == ("PUT", "register"):
            symbols = [symbol["Symbol"] for symbol in json.loads(body)["Symbols"]]
            return self.register(symbols) and self.answer(200, {"RegistList": state["registered"]})
        if (method, what) == ("PUT", "unregister/all"):
            state["registered"] = []
            return self.answer(200, {"RegistList": []})
        if (method, what) == ("PUT", "unregister"):
            gone = [(symbol["Symbol"], symbol["Exchange"]) for symbol in json.loads(body)["Symbols"]]
            with lock:
                state["registered"] = [s for s in state["registered"] if (s, 2) not in gone]
            return self.answer(200, {"RegistList": state["registered"]})
        if (method, what) == ("GET", "symbolname/future"):
            return self.answer(200, {"Symbol": "169090019", "SymbolName": "日経225mini 26/09"})
        if (method, what) == ("GET", "symbolname/option"):
            query = {name: values[0] for name, values in parse_qs(path.query).items()}
            name = f"{'コール' if query['PutOrCall'] == 'C' else 'プット'} {query['StrikePrice']}"
            for symbol, row in (BOARDS | EXTRA).items():
                if row["SymbolName"].endswith(name):
                    return self.answer(200, {"Symbol": symbol, "SymbolName": row["SymbolName"]})
            return self.refuse(400, 4002001, "銘柄が見つからない")
        if method == "GET" and what.startswith("board/"):
            symbol = what.removeprefix("board/").split("@")[0]
            row = BOARDS.get(symbol) or EXTRA.get(symbol)
            if row is None:
                return self.refuse(400, 4002001, "銘柄が見つからない")
            # What is asked for is registered.
            return self.register([symbol]) and self.answer(200, row)
        self.refuse(404, 4001001, "内部エラー")

    def register(self, symbols):
        with lock:
            more = [s for s in symbols if s not in state["registered"]]
            if len(state["registered"]) + len(more) > SYMBOLS_MAX:
                self.refuse(400, 4002006, "レジスト数エラー")
                return False
            state["registered"] += more
            return True

    def push(self):
        """Sends the board of each registered symbol, once, and keeps the connection."""
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.send_response(101)
        for name, value in [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept)]:
            self.send_header(name, value)
        self.end_headers()
        for symbol in list(state["registered"]):
            row = BOARDS.get(symbol)
            if row:
                data = json.dumps(row, ensure_ascii=False).encode()
                self.wfile.write(b"\x81\x7e" + struct.pack(">H", len(data)) + data)
        self.wfile.flush()
        self.close_connection = True
        while True:  # Reads and drops what comes (pings are left unanswered for this short time).
            head = self.rfile.read(2)
            if len(head) < 2 or head[0] & 15 == 8:
                return
            length = head[1] & 127
            mask = self.rfile.read(4)
            data = bytes(b ^ mask[i % 4] for i, b in enumerate(self.rfile.read(length)))
            if head[0] & 15 == 9:
                self.wfile.write(bytes([0x8A, len(data)]) + data)
                self.wfile.flush()


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
while True:
    time.sleep(3600)
