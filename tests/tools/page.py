#!/usr/bin/env python3
"""A reader of `ferret serve`'s page: a headless Chromium that does what it is told on standard input, a JSON object
a line, and answers each with one.

    {"do": "open", "url": "http://127.0.0.1:5440/"}      as typed into the address line
    {"do": "eval", "js": "document.title"}               {"value": …}
    {"do": "until", "js": "…", "patience_s": 5}          asks until that is true: {"value": …, "seconds": how long it took}
    {"do": "click", "at": "#help"}                       with the mouse, in the middle of the first that matches
    {"do": "drag", "at": "canvas", "left": 0.2, "right": 0.6}
    {"do": "type", "text": "decode"}                     into what has the focus
    {"do": "press", "key": "Enter"}
    {"do": "size", "width": 360, "height": 740, "dark": true}
    {"do": "shot", "file": "page.png"}
    {"do": "trouble"}                                    {"value": […]}: errors on the console, what the policy refused, requests
                                                         to other servers; since it was asked last

What cannot be done is answered with {"error": …}.
"""

import base64
import json
import sys
import time
from urllib.parse import urlsplit

from viewers import PATIENCE_S, Chromium

KEYS = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowDown": 40, "ArrowUp": 38, "ArrowLeft": 37, "ArrowRight": 39}


class Page:
    def __init__(self, chromium):
        self.chromium = chromium
        self.session = chromium.attach("about:blank")
        self.host = None
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method, **params):
        return self.chromium.call(method, self.session, **params)

    def open(self, url):
        self.host = urlsplit(url).netloc
        # Of the same document only what is behind `#` would change.
        self.call("Page.navigate", url="about:blank")
        self.until("location.href === 'about:blank'")
        self.call("Page.navigate", url=url)
        return self.until("location.href !== 'about:blank' && document.readyState === 'complete'")

    def eval(self, js):
        return {"value": self.chromium.evaluate(self.session, js)}

    def until(self, js, patience_s=PATIENCE_S):
        began = time.monotonic()
        while True:
            try:
                value = self.chromium.evaluate(self.session, js)
            except RuntimeError as error:
                # Between two pages there is none.
                value, last = None, str(error)
            else:
                last = f"{value!r}"
            seconds = time.monotonic() - began
            if value:
                return {"value": value, "seconds": seconds}
            if seconds > patience_s:
                raise RuntimeError(f"not within {patience_s} s: {js}: {last}")
            time.sleep(0.02)

    def click(self, at):
        find = "(() => { const node = document.querySelector(%s); if (!node) return null;"
        find += " node.scrollIntoView({ block: 'center' }); const box = node.getBoundingClientRect();"
        find += " return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        place = self.until(find % json.dumps(at))["value"]
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            button = {"button": "left", "clickCount": 1} if kind != "mouseMoved" else {}
            self.call("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], **button)
        return {}

    def drag(self, at, left, right):
        """From one part of its width to another."""
        box = "(() => { const box = document.querySelector(%s).getBoundingClientRect();" % json.dumps(at)
        box += " return [box.x, box.width, box.y + box.height / 2]; })()"
        x, width, y = self.eval(box)["value"]
        steps = [("mouseMoved", left), ("mousePressed", left), ("mouseMoved", (left + right) / 2), ("mouseMoved", right), ("mouseReleased", right)]
        for kind, part in steps:
            buttons = {"button": "left", "buttons": 1, "clickCount": 1} if kind != "mouseMoved" or part != left else {}
            self.call("Input.dispatchMouseEvent", type=kind, x=x + width * part, y=y, **buttons)
        return {}

    def type(self, text):
        for letter in text:
            self.press(letter)
        return {}

    def press(self, key):
        code = {"windowsVirtualKeyCode": KEYS[key]} if key in KEYS else {"text": key}
        if key == "Enter":
            code["text"] = "\r"
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, **code)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key)
        return {}

    def size(self, width, height, dark=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500)
        scheme = "dark" if dark else "light"
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        return {}

    def shot(self, file):
        with open(file, "wb") as picture:
            picture.write(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
        return {}

    def trouble(self):
        # Whatever has been told by now comes before the answer.
        self.call("Runtime.evaluate", expression="0")
        events, self.chromium.events = self.chromium.events, []
        return {"value": [told for told in map(self.told, events) if told]}

    def told(self, event):
        """What is wrong with what an event tells; none if nothing is."""
        params = event["params"]
        if event["method"] == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            return details.get("exception", {}).get("description") or details["text"]
        if event["method"] == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            return f"console: {params['args']}"
        if event["method"] == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            return f"{params['entry']['text']} ({params['entry'].get('url')})"
        if event["method"] == "Page.javascriptDialogOpening":
            return f"a dialog: {params['message']}"
        if event["method"] == "Network.requestWillBeSent":
            url = urlsplit(params["request"]["url"])
            is_ours = url.scheme in ("data", "blob", "about") or url.netloc == self.host
            return None if is_ours else f"asks {params['request']['url']}"
        return None


def main():
    chromium = Chromium()
    try:
        page = Page(chromium)
        for line in sys.stdin:
            order = json.loads(line)
            try:
                answer = getattr(page, order.pop("do"))(**order)
            except RuntimeError as error:
                answer = {"error": str(error)}
            print(json.dumps(answer), flush=True)
    finally:
        chromium.close()


if __name__ == "__main__":
    main()
