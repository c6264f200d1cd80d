"""From before a pool of two is made until it has its first result.

    python3 pool_first_result.py --of=Pool --start=fork --runs=25          Pool or ProcessPoolExecutor; fork or spawn
"""

import argparse
import multiprocessing
import time

from measuring import print_latency
from pool_tasks import increment
from pools import KINDS, open_pool

WARM_UP = 3


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--of', choices=KINDS, default='Pool')
    parser.add_argument('--start', choices=['fork', 'spawn'], default='fork')
    parser.add_argument('--runs', type=int, default=25)
    options = parser.parse_args()
    multiprocessing.set_start_method(options.start)
    samples = []
    for i in range(WARM_UP + options.runs):
        start = time.perf_counter_ns()
        pool = open_pool(options.of)
        result = pool.submit(increment, i)()
        elapsed = time.perf_counter_ns() - start
        if result != i + 1:
            raise SystemExit(f'{result} came back for {i}')
        if i >= WARM_UP:
            samples.append(elapsed / 1e6)
        pool.close()
    print_latency(f'{options.of} by {options.start}, first result', 'ms', samples)


if __name__ == '__main__':
    main()
