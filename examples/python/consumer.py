"""Receives all messages of a FloatChannel and says how many there were, how many numbers, and their sum.

    python3 examples/python/consumer.py NAME
"""

import sys

from float_channel import ChannelReader


def main():
    messages = numbers = total = 0
    with ChannelReader(sys.argv[1]) as reader:
        print('open', flush=True)
        for values in reader:
            messages, numbers, total = messages + 1, numbers + len(values), total + float(sum(values))
    print(messages, numbers, total, flush=True)


if __name__ == '__main__':
    main()
