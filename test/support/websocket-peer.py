"""An independent peer for the WebSocket tests: Debian's python3-websockets.

    websocket-peer.py serve            echoes, and prints its port
    websocket-peer.py connect URL      talks to an echoing server, and prints what it heard as JSON
"""

import asyncio
import json
import sys

import websockets

LONG = "0123456789" * 20000


async def echo(socket, _path=None):
    async for message in socket:
        if message == "close":
            await socket.close(4000, "asked to")
            return
        await socket.send(message)


async def serve():
    options = {"subprotocols": ["chat"], "max_size": None}
    async with websockets.serve(echo, "127.0.0.1", 0, **options) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def connect(url):
    heard = {}
    async with websockets.connect(url, subprotocols=["other", "chat"], max_size=None) as socket:
        heard["subprotocol"] = socket.subprotocol
        heard["extensions"] = [extension.name for extension in socket.extensions]
        for name, message in [("text", "grüße"), ("bytes", b"\x00\xff"), ("long", LONG)]:
            await socket.send(message)
            answer = await socket.recv()
            heard[name] = answer == message
        await socket.send([part for part in ["frag", "ments"]])
        heard["fragments"] = await socket.recv()
        await (await socket.ping(b"ping"))
        heard["pong"] = True
        await socket.send("close")
        try:
            await socket.recv()
        except websockets.ConnectionClosed:
            pass
        heard["close"] = [socket.close_code, socket.close_reason]
    print(json.dumps(heard), flush=True)


if sys.argv[1] == "serve":
    asyncio.run(serve())
else:
    asyncio.run(connect(sys.argv[2]))
