"""A small task and its result, one after the other.

    python3 pool_round_trip.py --of=Pool --trips=3000          Pool or ProcessPoolExecutor
"""

import argparse
import time

from measuring import print_latency
from pool_tasks import increment
from pools import KINDS, open_pool

WARM_UP = 1000


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--of', choices=KINDS, default='Pool')
    parser.add_argument('--trips', type=int, default=3000)
    options = parser.parse_args()
    pool, samples, clock = open_pool(options.of), [], time.perf_counter_ns
    for i in range(WARM_UP + options.trips):
        start = clock()
        result = pool.submit(increment, i)()
        elapsed = clock() - start
        if result != i + 1:
            raise SystemExit(f'{result} came back for {i}')
        if i >= WARM_UP:
            samples.append(elapsed / 1e3)
    pool.close()
    print_latency(f'{options.of}, one task, round trip', 'us', samples)


if __name__ == '__main__':
    main()
