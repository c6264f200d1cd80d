"""Small tasks, one a call, so many under way at once: tasks per second.

    python3 pool_small_tasks.py --of=Pool --count=10000 --in-flight=1000 --rounds=5          Pool or ProcessPoolExecutor
"""

import argparse
import time
from collections import deque

from measuring import print_rates
from pool_tasks import increment
from pools import KINDS, open_pool

WARM_UP = 1


def in_flight(pool, count, limit):
    """Waits for the oldest before it goes on, once there are so many."""
    waiting, total = deque(), 0
    for x in range(count):
        if len(waiting) == limit:
            total += waiting.popleft()()
        waiting.append(pool.submit(increment, x))
    return total + sum(get() for get in waiting)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--of', choices=KINDS, default='Pool')
    parser.add_argument('--count', type=int, default=10_000)
    parser.add_argument('--in-flight', type=int, default=1000)
    parser.add_argument('--rounds', type=int, default=5)
    options = parser.parse_args()
    pool, count, rates = open_pool(options.of), options.count, []
    for number in range(WARM_UP + options.rounds):
        start = time.perf_counter_ns()
        total = in_flight(pool, count, options.in_flight)
        elapsed = time.perf_counter_ns() - start
        if total != count * (count + 1) // 2:
            raise SystemExit(f'the results sum up to {total}')
        if number >= WARM_UP:
            rates.append(count * 1e9 / elapsed)
    pool.close()
    print_rates(f'{options.of}, small tasks', rates)


if __name__ == '__main__':
    main()
