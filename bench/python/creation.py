"""Making an object and letting it go: us for the two. The context is the default one, fork, which is the fastest.

    python3 creation.py --of=Lock --min-ms=1000          Lock or Value
"""

import argparse
from multiprocessing import Lock, Value

from measuring import measure_batches, print_batches

OBJECTS = 200


def locks(count):
    for _ in range(count):
        lock = Lock()
        del lock


def values(count):
    for _ in range(count):
        value = Value('i', 0)
        if value.value != 0:
            raise SystemExit('not zero')
        del value


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--of', choices=['Lock', 'Value'], default='Lock')
    parser.add_argument('--min-ms', type=int, default=1000)
    options = parser.parse_args()
    batches = measure_batches({'Lock': locks, 'Value': values}[options.of], OBJECTS, options.min_ms)
    print_batches(f'making and letting go of a {options.of}', 'us', [ns / 1000 for ns in batches])


if __name__ == '__main__':
    main()
