"""The same on Python Tornado."""

import sys

from tornado.ioloop import IOLoop
from tornado.locks import Condition
from tornado.web import Application, RequestHandler

news = Condition()


class MainHandler(RequestHandler):
    def get(self):
        self.write("Hello, world")


class PollHandler(RequestHandler):
    async def get(self):
        await news.wait()
        self.write("news")


class WakeHandler(RequestHandler):
    def get(self):
        news.notify_all()


app = Application([("/", MainHandler), ("/poll", PollHandler), ("/wake", WakeHandler)])
app.listen(int(sys.argv[1]), "127.0.0.1", backlog=4096)
IOLoop.current().start()
