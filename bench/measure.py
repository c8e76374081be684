"""Runs a command and says on standard error what it cost: peak memory in bytes, processor seconds. A SIGTERM is handed on.

Usage: measure.py <command> [argument ...]
"""

import json
import os
import signal
import sys

pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
signal.signal(signal.SIGTERM, lambda *_: os.kill(pid, signal.SIGTERM))
_, status, usage = os.wait4(pid, 0)
cost = {"rss": usage.ru_maxrss * 1024, "cpu": usage.ru_utime + usage.ru_stime}
print(f"cost {json.dumps(cost)}", file=sys.stderr, flush=True)
code = os.waitstatus_to_exitcode(status)
sys.exit(code if code >= 0 else 128 - code)
