"""Small tasks of many numbers in one call: numbers per second.

    python3 pool_map.py --of=Pool --by=map --chunk-size=0 --count=100000 --rounds=5 --warm-up=1
                        Pool or ProcessPoolExecutor; of a Pool also --by=imap_unordered; 0 = as the pool chooses
"""

import argparse
import time

from measuring import print_rates
from pool_tasks import increment
from pools import KINDS, open_pool


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--of', choices=KINDS, default='Pool')
    parser.add_argument('--by', choices=['map', 'imap_unordered'], default='map')
    parser.add_argument('--chunk-size', type=int, default=0)
    parser.add_argument('--count', type=int, default=100_000)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--warm-up', type=int, default=1)
    options = parser.parse_args()
    pool, count, rates = open_pool(options.of), options.count, []
    numbers, expected = list(range(count)), list(range(1, count + 1))
    for number in range(options.warm_up + options.rounds):
        start = time.perf_counter_ns()
        results = list(getattr(pool, options.by)(increment, numbers, options.chunk_size))
        elapsed = time.perf_counter_ns() - start
        if (sorted(results) if options.by == 'imap_unordered' else results) != expected:
            raise SystemExit('the results are not those of the numbers')
        if number >= options.warm_up:
            rates.append(count * 1e9 / elapsed)
    pool.close()
    print_rates(f'{options.of}, {options.by}', rates)


if __name__ == '__main__':
    main()
