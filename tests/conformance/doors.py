"""Who may come in, and what the same address answers to plain requests."""

import json
import urllib.parse

from peer import Client, encoded, expect, get, status

EVIL = "https://evil.example"


def origins(about):
    """pages of another origin are refused everywhere"""
    for origin in (EVIL, "null", "http://localhost.evil.example"):
        expect(status(about, origin=origin) == 403, f"a page of {origin} may come in")
        for path in ("/api/topics", f"/api/topics/{about.append}", "/metrics", "/api/query?sql=x"):
            code = get(about, path, Origin=origin)[0]
            expect(code == 403, f"a page of {origin} may read {path}: {code}")


def hosts(about):
    """a name that is not this machine's is refused: a page may have pointed its own name here"""
    code = get(about, "/api/topics", Host="evil.example")[0]
    expect(code == 403, f"a request for evil.example: {code}")


def tokens(about):
    """a token comes by header, subprotocol or cookie, never by the URL"""
    expect(status(about, token=False) == 401, "without a token")
    for name in ("token", "access_token", "zaraba_token"):
        in_url = f"?{name}={urllib.parse.quote(about.token)}"
        got = status(about, token=False, query=in_url)
        expect(got == 401, f"with the token in the URL: {got}")
        got = get(about, f"/api/topics{in_url}", token=False)[0]
        expect(got == 401, f"with the token in the URL of a request: {got}")
    for token, expected in ((about.token, 101), (about.token[:-1] + "~", 401), ("", 401)):
        got = status(about, token=False, Authorization=f"Bearer {token}")
        expect(got == expected, f"by the header: {got}, not {expected}")
        protocols = ["zaraba.v1.json", "zaraba.auth." + encoded(token)]
        got = status(about, token=False, protocols=protocols)
        expect(got == expected, f"by the subprotocol: {got}, not {expected}")
        cookie = f"zaraba_token={encoded(token)}"
        got = status(about, token=False, Cookie=cookie)
        expect(got == expected, f"by the cookie: {got}, not {expected}")
        got = get(about, "/api/topics", token=False, Cookie=cookie)[0]
        expect(got == (200 if expected == 101 else 401), f"a request by the cookie: {got}")
    offered = ["zaraba.v1.json", "zaraba.auth." + encoded(about.token)]
    with Client(about, token=False, protocols=offered) as client:
        chosen = client.socket.subprotocol
        expect(chosen == "zaraba.v1.json", f"the server picks {chosen}")
    got = status(about, origin=EVIL)
    expect(got == 403, f"a page of another origin, with the token: {got}")
    for path in ("/api/topics", "/metrics", "/api/graph", "/api/query?sql=x"):
        code, headers, _ = get(about, path, token=False)
        challenge = headers.get("WWW-Authenticate", "")
        expect(code == 401 and "Bearer" in challenge, f"{path}: {code} {challenge}")
    for path in ("/health/live", "/health/ready"):
        code = get(about, path, token=False)[0]
        expect(code == 200, f"{path} without a token: {code}")


def plain(about):
    """health, metrics, the graph and topics answer plain requests, as JSON, CSV and Arrow"""
    for path in ("/", "/health/live", "/health/ready", "/metrics", "/api/graph"):
        expect(get(about, path)[0] == 200, path)
    listed = json.loads(get(about, "/api/topics")[2])
    topics = {topic["name"]: topic for topic in listed["topics"]}
    expect({about.append, about.upsert} <= set(topics), f"/api/topics has {list(topics)}")
    with Client(about, f"?topics={about.upsert}") as client:
        (said,) = client.next("hello")["topics"]
        there = {k: v for k, v in topics[about.upsert].items() if k != "last"}
        expect(there == said, "/api/topics and hello differ")
    topic = f"/api/topics/{about.upsert}"
    code, headers, body = get(about, topic)
    rows = json.loads(body)["rows"]
    expect(rows and isinstance(rows, list), f"{topic}: {rows}")
    expect(headers["zaraba-stream-id"] == listed["stream_id"], "zaraba-stream-id")
    expect(int(headers["zaraba-last"]) == json.loads(body)["last"], "zaraba-last")
    lines = get(about, topic, Accept="text/csv")[2].decode().splitlines()
    expect(lines[0] == ",".join(rows[0]), f"the head of the CSV is {lines[0]}")
    arrow = get(about, topic, Accept="application/vnd.apache.arrow.stream")[2]
    expect(arrow[:4] == b"\xff\xff\xff\xff", "not an Arrow IPC stream")
    code, _, text = get(about, "/api/topics/no_such_topic")
    expect(code == 404 and about.append in text.decode(), f"{code} {text}")
    expect(get(about, topic, Accept="image/png")[0] == 406, "image/png is there")
    path = f"/api/topics/{about.append}"
    there, newest = (len(json.loads(get(about, path + ask)[2])["rows"]) for ask in ("", "?limit=2"))
    expect(min(2, there) <= newest <= 2, f"of {there} rows limit=2 gives {newest}")


def queries(about):
    """/api/query answers one SELECT and changes nothing"""
    sql = f"SELECT count(*) AS n FROM {about.upsert}"
    for path, body in (("/api/query", sql), (f"/api/query?sql={urllib.parse.quote(sql)}", None)):
        code, _, answer = get(about, path, body=body)
        expect(code == 200, f"{path}: {code} {answer}")
        expect(json.loads(answer)["rows"][0]["n"] > 0, f"{answer}")
    asked = {"body": json.dumps({"sql": sql}), "Content-Type": "application/json"}
    expect(get(about, "/api/query", **asked)[0] == 200, "a query as JSON")
    for wrong in (
        f"DELETE FROM {about.upsert}",
        f"INSERT INTO {about.upsert} VALUES (1)",
        f"DROP TABLE {about.upsert}",
        f"{sql}; {sql}",
        f"CREATE TABLE other AS {sql}",
        f"COPY {about.upsert} TO '/tmp/copied.csv'",
        "SELECT no_such_column FROM " + about.upsert,
        "SELECT",
    ):
        code, _, answer = get(about, "/api/query", body=wrong)
        expect(code == 400, f"{wrong}: {code} {answer}")


CHECKS = [origins, plain, queries]
OPEN = [hosts]
TOKEN = [tokens]
