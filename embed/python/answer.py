"""Answers the lines of embed/README.md with the component, in wasmtime: `answer.py COMPONENT`."""

import sys
import time
from functools import cache

from wasmtime import Engine, Store
from wasmtime.component import Component, Linker, Record, Variant


class Refused(Exception):
    """The error case of a result."""


class Core:
    """The exports of the component, found by their names in core.wit."""

    def __init__(self, file):
        engine = Engine()
        self.store = Store(engine)
        component = Component.from_file(engine, file)
        self.instance = Linker(engine).instantiate(self.store, component)

    @cache
    def find(self, interface, name):
        store, instance = self.store, self.instance
        outer = instance.get_export_index(store, f"squall:core/{interface}@0.1.0")
        return instance.get_func(store, instance.get_export_index(store, name, outer))

    def call(self, interface, name, *values):
        """Calls an export. The error case of its result is raised."""
        func = self.find(interface, name)
        result = func(self.store, *values)
        func.post_return(self.store)
        return unwrap(result)


def unwrap(result):
    # Where the types of both cases differ, wasmtime gives the payload alone.
    if isinstance(result, Variant):
        if result.tag == "ok":
            return result.payload
        raise Refused(result.payload)
    if isinstance(result, Record) and hasattr(result, "code"):
        raise Refused(result)
    return result


def data(digits):
    return b"" if digits == "-" else bytes.fromhex(digits)


def digits(value):
    return value.hex() or "-"


def span(value):
    return "-" if value is None else f"{value.offset}+{value.length}"


def common(head):
    """What both kinds of heads have."""
    length = getattr(head, "content-length")
    flags = ",".join(name for name in FLAGS if name in head.attributes)
    return (
        f"version=1.{getattr(head, 'minor-version')} length={'-' if length is None else length} "
        f"flags={flags or '-'} headers={rows(head.headers)}"
    )


def rows(headers):
    row = "{name-offset}+{name-length}#{id}@{value-offset}+{value-length}"
    return ",".join(row.format(**vars(header)) for header in headers) or "-"


FLAGS = [
    "keep-alive", "chunked", "has-length", "expect-continue", "upgrade", "percent",
    "keep-alive-asked", "close-asked", "upgrade-asked", "no-body", "until-close",
]


def request(core, max_headers, max_target, head):
    head = core.call("http", "parse-request", data(head), int(max_headers), int(max_target))
    if head is None:
        return "incomplete"
    return (
        f"head {head.length} method={span(head.method)}#{getattr(head, 'method-id')} "
        f"target={span(head.target)} form={head.form} path={span(head.path)} "
        f"query={span(head.query)} host={span(head.host)} {common(head)}"
    )


def response(core, max_headers, method_id, head):
    head = core.call("http", "parse-response", data(head), int(max_headers), int(method_id))
    if head is None:
        return "incomplete"
    return f"head {head.length} status={head.status} reason={span(head.reason)} {common(head)}"


def chunked(core, max_extension, max_trailer, *pieces):
    create = "[static]chunked-decoder.create"
    decoder = core.call("http", create, int(max_extension), int(max_trailer))
    body, consumed, done = b"", 0, False
    try:
        for piece in pieces:
            decode = "[method]chunked-decoder.decode"
            decoded = core.call("http", decode, decoder, data(piece))
            body += decoded.data
            consumed += decoded.consumed
            done = decoded.done
            if done:
                break
    finally:
        decoder.drop(core.store)
    return f"data {digits(body)} {consumed} {'done' if done else 'more'}"


def parts(core, max_head, boundary, *pieces):
    create = "[static]scanner.create"
    scanner = core.call("multipart", create, data(boundary).decode(), int(max_head))
    events = []
    try:
        for piece in pieces:
            events += core.call("multipart", "[method]scanner.scan", scanner, data(piece))
    finally:
        scanner.drop(core.store)
    return " ".join(["parts", *(f"{event.kind}:{digits(event.data)}" for event in events)])


def part_head(core, max_headers, head):
    return f"headers {rows(core.call('multipart', 'parse-part-head', data(head), int(max_headers)))}"


def tokens(core, source):
    found = core.call("template", "tokenize", data(source).decode())
    return " ".join(["tokens", *(f"{t.kind}:{t.start}:{t.end}:{t.line}" for t in found)])


def digest(core, algorithm, *pieces):
    if len(pieces) == 1:
        return digits(core.call("hashing", "digest", algorithm, data(pieces[0])))
    hasher = core.call("hashing", "[static]hasher.create", algorithm)
    for piece in pieces:
        core.call("hashing", "[method]hasher.update", hasher, data(piece))
    result = digits(core.call("hashing", "[method]hasher.digest", hasher))
    hasher.drop(core.store)
    return result


def version(core, content):
    return core.call("hashing", "content-version", data(content))


def with_signer(core, secret, method, *values):
    signer = core.call("signing", "[static]signer.create", data(secret))
    try:
        result = core.call("signing", f"[method]signer.{method}", signer, *values)
        # Bytes and the names of errors differ in type, so they come alone.
        if isinstance(result, str) and not method.startswith("sign"):
            raise Refused(result)
        return digits(result.encode() if isinstance(result, str) else result)
    finally:
        signer.drop(core.store)


def sign(core, version, key_version, time, secret, name, value):
    values = [data(name).decode(), data(value), int(time)]
    if version == "1":
        return with_signer(core, secret, "sign-v1", *values)
    return with_signer(core, secret, "sign", *values, int(key_version))


def verify(core, min_version, oldest, newest, secret, name, signed):
    limits = [int(min_version), int(oldest), int(newest)]
    return with_signer(core, secret, "verify", data(name).decode(), data(signed), *limits)


def hmac(core, _, secret, message):
    return with_signer(core, secret, "hmac-sha256", data(message))


def frame(core, from_client, reserved, head):
    arguments = [data(head), from_client == "1", int(reserved)]
    head = core.call("websocket", "parse-frame-head", *arguments)
    if head is None:
        return "incomplete"
    if isinstance(head, str):
        raise Refused(head)
    key = "-" if head.key is None else head.key
    return (
        f"frame {head.length} opcode={head.opcode} final={int(head.final)} "
        f"reserved={head.reserved} key={key} payload={getattr(head, 'payload-length')}"
    )


def mask(core, key, offset, payload):
    return digits(core.call("websocket", "mask", data(payload), int(key), int(offset)))


def utf8(core, *pieces):
    state = 0
    for piece in pieces:
        state = core.call("websocket", "validate-utf8", data(piece), state)
        if state is None:
            return "invalid"
    return "complete" if state == 0 else "cut"


def answer(core, line):
    call, *parts = line.split(" ")
    try:
        return globals()[call.replace("-", "_")](core, *parts)
    except Refused as refused:
        (error,) = refused.args
        return " ".join(["error", *([error] if isinstance(error, str) else map(str, vars(error).values()))])


def measure(core):
    """Nanoseconds of a call, for the benchmark: a short request and one of 684 bytes."""
    short = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    long = short[:-2] + b"X-Padding: " + b"x" * (684 - len(short) - 13) + b"\r\n\r\n"
    for head in (short, long):
        times = []
        for _ in range(200):
            start = time.perf_counter_ns()
            core.call("http", "parse-request", head, 100, 8192)
            times.append(time.perf_counter_ns() - start)
        print(len(head), sorted(times)[100])


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: answer.py COMPONENT [--measure]")
    component = Core(sys.argv[1])
    if "--measure" in sys.argv:
        measure(component)
    else:
        for question in sys.stdin:
            print(answer(component, question.rstrip("\n")))
