#!/usr/bin/env python3
"""A server that alerts are sent to, over TLS: of mail, or of webhooks. Says what comes, a JSON object a line; the first is
{"port": …}.

    receivers.py mail MODE CERTIFICATE KEY
    receivers.py web CERTIFICATE KEY [STATUS LOCATION]       answers with 200, or sends on to another place

MODE of mail:

    starttls    TLS is offered, and a login with it
    wrapped     TLS from the first byte on
    clear       no TLS is offered, but a login
    silent      TLS is offered, and when it is asked for there is no answer to the handshake
    deaf        nothing is ever said, not even a greeting
    endless     as deaf, but the first message of a handshake begins, and goes on all the time

    {"connected": true}                                      somebody is there
    {"clear": "EHLO …"}                                      a line that came without TLS
    {"login": ["user", "password"], "tls": true}
    {"mail": "Subject: …", "from": "…", "to": ["…"], "tls": true}
    {"request": "POST /hook HTTP/1.1", "headers": {…}, "body": "…"}
    {"refused": "…"}                                         the handshake came to nothing

The password is "right".
"""

import base64
import json
import socket
import ssl
import sys
import threading
import time

lock = threading.Lock()


def tell(**what):
    with lock:
        print(json.dumps(what), flush=True)


class Mail:
    """One connection to a mail server."""

    def __init__(self, stream, mode, context):
        self.stream, self.mode, self.context = stream, mode, context
        self.tls = False
        self.lines = None

    def encrypt(self):
        self.stream = self.context.wrap_socket(self.stream, server_side=True)
        self.tls = True
        # What came in clear before is not read as if it had come in secret.
        self.lines = self.stream.makefile("rb")

    def say(self, text):
        self.stream.sendall(text.encode() + b"\r\n")

    def hear(self):
        line = self.lines.readline().decode().rstrip("\r\n")
        if line and not self.tls:
            tell(clear=line)
        return line

    def serve(self):
        if self.mode == "deaf":
            threading.Event().wait()
        if self.mode == "endless":
            # 16 KiB of a ServerHello are to come.
            self.stream.sendall(bytes.fromhex("160303400002003ffc"))
            while True:
                self.stream.sendall(b"\0")
                time.sleep(0.02)
        self.lines = self.stream.makefile("rb")
        if self.mode == "wrapped":
            self.encrypt()
        self.say("220 receiver ESMTP")
        sender, to = None, []
        while line := self.hear():
            verb, _, rest = line.partition(" ")
            verb = verb.upper()
            if verb == "EHLO":
                offers = ["receiver"]
                if self.tls or self.mode == "clear":
                    offers.append("AUTH PLAIN")
                elif self.mode != "wrapped":
                    offers.append("STARTTLS")
                for offer in offers[:-1]:
                    self.say(f"250-{offer}")
                self.say(f"250 {offers[-1]}")
            elif verb == "STARTTLS":
                self.say("220 go ahead")
                if self.mode == "silent":
                    threading.Event().wait()
                self.encrypt()
            elif verb == "AUTH":
                _, user, password = base64.b64decode(rest.split()[1]).decode().split("\0")
                tell(login=[user, password], tls=self.tls)
                # Some servers repeat what they do not like.
                self.say("235 welcome" if password == "right" else f"535 no: {line}")
            elif verb == "MAIL":
                sender, to = rest, []
                self.say("250 fine")
            elif verb == "RCPT":
                to.append(rest)
                self.say("250 fine")
            elif verb == "DATA":
                self.say("354 go on")
                text = []
                while (part := self.hear()) != ".":
                    text.append(part)
                tell(**{"mail": "\n".join(text), "from": sender, "to": to, "tls": self.tls})
                self.say("250 taken")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("502 no such thing")


class Web:
    """One request to a web server."""

    def __init__(self, stream, context, status, location):
        self.stream, self.context, self.status, self.location = stream, context, status, location

    def serve(self):
        stream = self.context.wrap_socket(self.stream, server_side=True)
        lines = stream.makefile("rb")
        request = lines.readline().decode().strip()
        headers = {}
        while line := lines.readline().decode().strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = lines.read(int(headers.get("content-length", 0))).decode()
        tell(request=request, headers=headers, body=body)
        more = f"Location: {self.location}\r\n" if self.location else ""
        answer = f"HTTP/1.1 {self.status}\r\n{more}Content-Length: 0\r\nConnection: close\r\n\r\n"
        stream.sendall(answer.encode())


def serve(one):
    tell(connected=True)
    try:
        one.serve()
    except (OSError, ValueError) as error:
        tell(refused=str(error))
    finally:
        one.stream.close()


def main():
    kind, *rest = sys.argv[1:]
    mode = rest.pop(0) if kind == "mail" else None
    certificate, key, *where = rest
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    status, location = where or ["200 Thanks", None]
    listener = socket.create_server(("127.0.0.1", 0))
    tell(port=listener.getsockname()[1])
    while True:
        stream, _ = listener.accept()
        if kind == "mail":
            one = Mail(stream, mode, context)
        else:
            one = Web(stream, context, status, location)
        threading.Thread(target=serve, args=[one], daemon=True).start()


main()
