"""Runs a command and says on standard error what it cost: peak memory in bytes, processor seconds.

Usage: measure.py <command> [argument ...]
"""

import json
import os
import sys

pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(pid, 0)
cost = {"rss": usage.ru_maxrss * 1024, "cpu": usage.ru_utime + usage.ru_stime}
print(f"cost {json.dumps(cost)}", file=sys.stderr, flush=True)
sys.exit(os.waitstatus_to_exitcode(status) & 0x7F)
