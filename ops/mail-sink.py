#!/usr/bin/python3
"""A mail server that delivers nothing: every message becomes a file DIR/<time>-<n>.eml, with the trace headers of a real delivery
(Return-Path, Delivered-To, and Received with the client's address and port, TLS as `S` and login as `A` in its protocol's name).

Faults on demand, to test a sender. A recipient's local part names one:
rcpt-451, rcpt-550, data-451, data-550 ...  replies so to RCPT or to the data; after a 421 closes the connection
hold-3                                      replies to the data three seconds late
cut                                         accepts the data and cuts the connection without a reply
The file of --faults contains the same, and mail-421 etc., one per line: `rcpt-451 2` for the next two messages, without a number
until the line is removed.
"""

import argparse
import asyncio
import datetime
import email.utils
import itertools
import logging
import os
import pathlib
import signal
import ssl
import warnings

from aiosmtpd.smtp import SMTP, AuthResult


class Faults:
    def __init__(self, file):
        self.file = file

    def at(self, step, recipients=()):
        """The fault for this step of a message as (step, value), or None. A fault from the file is used once."""
        for name in (recipient.rpartition("@")[0] for recipient in recipients):
            if name.partition("-")[0] == step:
                return name.partition("-")[2] or "0"
        try:
            lines = self.file.read_text().split("\n") if self.file else []
        except FileNotFoundError:
            return None
        name, _, count = lines[0].partition(" ") if lines else ("", "", "")
        if name.partition("-")[0] != step:
            return None
        if count:
            lines[0:1] = [f"{name} {int(count) - 1}"] if int(count) > 1 else []
            self.file.write_text("\n".join(lines))
        return name.partition("-")[2] or "0"


class Sink:
    def __init__(self, folder, faults):
        self.folder, self.faults, self.numbers = folder, faults, itertools.count(1)

    def reply(self, server, code):
        if code == "421":
            asyncio.get_running_loop().call_soon(server.transport.close)
        return f"{code} as asked"

    async def handle_MAIL(self, server, session, envelope, address, options):
        if code := self.faults.at("mail"):
            return self.reply(server, code)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if code := self.faults.at("rcpt", [address]):
            return self.reply(server, code)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if code := self.faults.at("data", envelope.rcpt_tos):
            return self.reply(server, code)
        name = self.store(server, session, envelope)
        if self.faults.at("cut", envelope.rcpt_tos):
            server.transport.abort()
        elif seconds := self.faults.at("hold", envelope.rcpt_tos):
            await asyncio.sleep(float(seconds))
        return f"250 stored as {name}"

    def store(self, server, session, envelope):
        tls = session.ssl or server.transport.get_extra_info("ssl_object")
        protocol = "ESMTP" + ("S" if tls else "") + ("A" if session.authenticated else "")
        trace = [f"Return-Path: <{envelope.mail_from}>"]
        trace += [f"Delivered-To: {recipient}" for recipient in envelope.rcpt_tos]
        trace += [
            f"Received: from {session.host_name} ([{session.peer[0]}]:{session.peer[1]})",
            f"\tby mail-sink with {protocol}; {email.utils.formatdate()}",
        ]
        now = datetime.datetime.now(datetime.timezone.utc)
        number = next(self.numbers)
        name = f"{now:%Y%m%dT%H%M%S.%f}Z-{number}.eml"
        # Under another name first, so that a program that watches for *.eml never reads an incomplete e-mail.
        partial = self.folder / f".{name}.{os.getpid()}"
        partial.write_bytes("".join(line + "\r\n" for line in trace).encode() + envelope.content)
        partial.rename(self.folder / name)
        print(f"stored {number} {name}", flush=True)
        return name


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1025, help="0 takes a free port and prints it as the first line of standard output")
    parser.add_argument("--dir", type=pathlib.Path, required=True)
    parser.add_argument("--tls-cert", help="offers and requires STARTTLS")
    parser.add_argument("--tls-key")
    parser.add_argument("--implicit-tls", action="store_true", help="TLS from the first byte instead of STARTTLS")
    parser.add_argument("--login-file", type=pathlib.Path, help="requires AUTH; the file contains user:password")
    parser.add_argument("--faults", type=pathlib.Path)
    return parser.parse_args()


async def main(options):
    options.dir.mkdir(parents=True, exist_ok=True)
    tls = None
    if options.tls_cert:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(options.tls_cert, options.tls_key)
    login = options.login_file.read_bytes().strip() if options.login_file else None

    def authenticate(server, session, envelope, mechanism, data):
        # Not handled here: aiosmtpd answers 235 or 535.
        return AuthResult(success=data.login + b":" + data.password == login, handled=False)

    handler = Sink(options.dir, Faults(options.faults))
    settings = {"hostname": "localhost", "ident": "mail-sink", "enable_SMTPUTF8": True}
    if tls and not options.implicit_tls:
        settings |= {"tls_context": tls, "require_starttls": True}
    if login:
        settings |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": False}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(handler, **settings), options.host, options.port, ssl=tls if options.implicit_tls else None
    )
    host, port = server.sockets[0].getsockname()[:2]
    print(f"listening on {host}:{port}", flush=True)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await stopping.wait()
    server.close()


# A test may want a login without TLS; aiosmtpd warns about that and about its own deprecations.
warnings.simplefilter("ignore", UserWarning)
logging.getLogger("mail.log").setLevel(logging.ERROR)
asyncio.run(main(arguments()))
