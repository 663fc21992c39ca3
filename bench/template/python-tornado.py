"""Renders with Python Tornado: `python-tornado.py SECONDS < page and names`. As worker.js."""
import hashlib
import json
import sys
import time

from tornado.template import Template

source, names = json.load(sys.stdin)
template = Template(source, whitespace="all")
seconds = float(sys.argv[1])


def run(duration):
    end = time.process_time() + duration
    pages = 0
    while True:
        html = template.generate(**names)
        pages += 1
        if time.process_time() >= end:
            return pages, html


run(seconds / 2)
user, started = time.process_time(), time.perf_counter()
pages, html = run(seconds)
wall, user = time.perf_counter() - started, time.process_time() - user
plain = html.decode().replace("&#39;", "'").replace("&#x27;", "'").replace("&quot;", '"')
digest = hashlib.sha256(plain.encode()).hexdigest()
print(json.dumps({"wall": wall * 1e6 / pages, "user": user * 1e6 / pages, "bytes": len(html), "digest": digest}))
