"""Two processes take turns by one condition: round trips per second.

    python3 condition_round_trip.py --trips=5000 --rounds=5 --pin=0,0

Without --pin the scheduler places the two.
"""

import argparse
from functools import partial
from multiprocessing import Condition, RawValue

from rounds import measure_rounds

WARM_UP = 1


def take_turns(condition, turn, side, turns):
    def is_mine():
        return turn.value % 2 == side

    for _ in range(turns):
        with condition:
            condition.wait_for(is_mine)
            turn.value += 1
            condition.notify()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--trips', type=int, default=5000)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--pin', default='-1,-1')
    options = parser.parse_args()
    condition, turn, trips = Condition(), RawValue('i', 0), options.trips

    def check(number):
        if turn.value != number * trips * 2:
            raise SystemExit(f'{turn.value} turns in {number} rounds of {trips} trips')

    sides = [partial(take_turns, condition, turn, side, trips) for side in (0, 1)]
    measure_rounds('Condition, round trips', trips, options.rounds, WARM_UP, *sides, check, options.pin)


if __name__ == '__main__':
    main()
