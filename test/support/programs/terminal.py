"""Runs a program in a pseudo-terminal: terminal.py COLUMNS[,COLUMNS...] ROWS PROGRAM [ARG...]

With each SIGUSR1 it gets the next width. What it writes goes to standard output; what comes on standard input is typed. The exit code is the program's.
"""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios

widths, rows = [int(width) for width in sys.argv[1].split(",")], int(sys.argv[2])


def resize(of):
    fcntl.ioctl(of, termios.TIOCSWINSZ, struct.pack("HHHH", rows, widths.pop(0), 0, 0))


pid, terminal = pty.fork()
if pid == 0:
    resize(0)
    os.execvp(sys.argv[3], sys.argv[3:])

widths.pop(0)
signal.signal(signal.SIGUSR1, lambda *_: resize(terminal))

sources = [terminal, 0]
while terminal in sources:
    readable, _, _ = select.select(sources, [], [])
    for source in readable:
        try:
            data = os.read(source, 65536)
        except OSError:  # Linux says so when the program has ended
            data = b""
        if not data:
            sources.remove(source)
        else:
            os.write(1 if source == terminal else terminal, data)

_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status) % 256)
