"""Reading an item of a ShareableList: ns.

    python3 shareable_list.py --of=int --min-ms=1000          int, float or text
"""

import argparse
from multiprocessing.shared_memory import ShareableList

from measuring import measure_batches, print_batches

GETS = 10_000
LENGTH = 100
ITEMS = {'int': lambda i: i, 'float': lambda i: i + 0.5, 'text': lambda i: f'item {i}'}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--of', choices=list(ITEMS), default='int')
    parser.add_argument('--min-ms', type=int, default=1000)
    options = parser.parse_args()
    items = ShareableList([ITEMS[options.of](i) for i in range(LENGTH)])

    def gets(count):
        for i in range(count):
            if items[i % LENGTH] is None:
                raise SystemExit('not there')

    batches = measure_batches(gets, GETS, options.min_ms)
    items.shm.close()
    items.shm.unlink()
    print_batches(f'an item of a ShareableList, {options.of}', 'ns', batches)


if __name__ == '__main__':
    main()
