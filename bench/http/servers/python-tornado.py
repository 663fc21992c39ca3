"""Hello, world on Python Tornado. `--no-etag` leaves the automatic ETag out."""

import sys

from tornado.ioloop import IOLoop
from tornado.web import Application, RequestHandler


class MainHandler(RequestHandler):
    def get(self):
        self.write("Hello, world")


class PlainHandler(MainHandler):
    def compute_etag(self):
        return None


handler = PlainHandler if "--no-etag" in sys.argv else MainHandler
Application([("/", handler)]).listen(int(sys.argv[1]), "127.0.0.1")
IOLoop.current().start()
