"""Has a program accept on a socket that listens already, and prints as JSON what it has set there.

    adopted-options.py COMMAND...     the socket's descriptor is the last argument of the command
"""

import json
import socket
import subprocess
import sys

KEEP_ALIVE = socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT

with socket.create_server(("127.0.0.1", 0)) as listener:
    number = listener.fileno()
    command = [*sys.argv[1:], str(number)]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, pass_fds=[number])
    program.stdout.readline()

    def option(level, name):
        return listener.getsockopt(level, name)

    found = {
        "noDelay": option(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0,
        "keepAlive": option(socket.SOL_SOCKET, socket.SO_KEEPALIVE) != 0
        and [option(socket.IPPROTO_TCP, name) for name in KEEP_ALIVE],
    }
    program.kill()
    program.wait()
print(json.dumps(found))
