"""An acquisition and a release of what nobody else wants: ns for the two.

    python3 pair.py --of=Lock --form=plain --min-ms=1000          Lock, RLock or Semaphore; plain or bound

plain: lock.acquire(), lock.release(), as everybody writes it; bound: both methods in local variables.
"""

import argparse
import multiprocessing

from measuring import measure_batches, print_batches

PAIRS = 2000


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--of', choices=['Lock', 'RLock', 'Semaphore'], default='Lock')
    parser.add_argument('--form', choices=['plain', 'bound'], default='plain')
    parser.add_argument('--min-ms', type=int, default=1000)
    options = parser.parse_args()
    holdable = getattr(multiprocessing, options.of)()

    def plain(count):
        lock = holdable
        for _ in range(count):
            lock.acquire()
            lock.release()

    def bound(count):
        acquire, release = holdable.acquire, holdable.release
        for _ in range(count):
            acquire()
            release()

    batches = measure_batches({'plain': plain, 'bound': bound}[options.form], PAIRS, options.min_ms)
    print_batches(f'acquire and release of a {options.of}', 'ns', batches)


if __name__ == '__main__':
    main()
