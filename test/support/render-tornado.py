"""Renders templates with Python Tornado: cases as JSON on standard input, results on standard output."""
import json
import sys

import tornado
from tornado.template import DictLoader, ParseError


def render(case):
    loader = DictLoader(case["files"], **case.get("options", {}))
    try:
        return {"output": loader.load(case["main"]).generate(**case["names"]).decode()}
    except ParseError as error:
        return {"error": "ParseError", "lineno": error.lineno}
    except Exception as error:
        return {"error": type(error).__name__}


results = [render(case) for case in json.load(sys.stdin)]
json.dump({"version": tornado.version, "results": results}, sys.stdout)
