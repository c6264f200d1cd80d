"""Two processes meet at a barrier again and again: passes per second.

    python3 barrier_passes.py --passes=5000 --rounds=5 --pin=0,0

Without --pin the scheduler places the two.
"""

import argparse
from functools import partial
from multiprocessing import Barrier, RawArray

from rounds import measure_rounds

WARM_UP = 1
OWN, OTHER = 0, 32  # on cache lines of their own


def meet(barrier, arrived, own, other, passes):
    for _ in range(passes):
        mine = arrived[own] + 1
        arrived[own] = mine
        barrier.wait()
        if arrived[other] - mine not in (0, 1):
            raise SystemExit(f'at pass {mine} the other has arrived {arrived[other]} times')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--passes', type=int, default=5000)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--pin', default='-1,-1')
    options = parser.parse_args()
    barrier, arrived, passes = Barrier(2), RawArray('i', 64), options.passes

    def check(number):
        if (arrived[OWN], arrived[OTHER]) != (number * passes, number * passes):
            raise SystemExit('passes are missing')

    sides = [partial(meet, barrier, arrived, *places, passes) for places in ((OWN, OTHER), (OTHER, OWN))]
    measure_rounds('Barrier(2), passes', passes, options.rounds, WARM_UP, *sides, check, options.pin)


if __name__ == '__main__':
    main()
