"""What becomes of a task that fails, and of the pool afterwards; bench/pool/failure.js does and prints the same.

    python3 pool_failure.py --of=Pool --how=throw          Pool or ProcessPoolExecutor; throw, exit or kill
"""

import argparse
import os
import time

from pool_tasks import fail, increment
from pools import KINDS, open_pool

TASKS = 10
PAUSE_S = 0.2


def settling(run, resolved, rejected):
    try:
        run()
        return resolved
    except Exception:
        return rejected


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--of', choices=KINDS, default='Pool')
    parser.add_argument('--how', choices=['throw', 'exit', 'kill'], default='throw')
    options = parser.parse_args()
    pool = open_pool(options.of)

    def work():
        for get in [pool.submit(increment, i) for i in range(TASKS)]:
            get()

    work()
    print('ready', flush=True)
    print(settling(lambda: pool.submit(fail, options.how)(), 'resolves', 'rejects'), flush=True)
    time.sleep(PAUSE_S)
    print(settling(work, 'goes on', 'refuses'), flush=True)
    os._exit(0)


if __name__ == '__main__':
    main()
