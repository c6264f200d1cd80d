"""`value += 1` under the lock of the Value, by two processes at once: increments per second.

    python3 value_increment.py --increments=100000 --rounds=5
"""

import argparse
from functools import partial
from multiprocessing import Value

from rounds import measure_rounds

WARM_UP = 1


def increment(value, count):
    for _ in range(count):
        with value.get_lock():
            value.value += 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--increments', type=int, default=100_000)
    parser.add_argument('--rounds', type=int, default=5)
    options = parser.parse_args()
    value, count = Value('i', 0), options.increments

    def check(number):
        if value.value != number * 2 * count:
            raise SystemExit(f'{value.value} instead of {number * 2 * count}')

    work = partial(increment, value, count)
    measure_rounds('Value, increments under its lock', 2 * count, options.rounds, WARM_UP, work, work, check)


if __name__ == '__main__':
    main()
