"""Sends COUNT messages of SIZE numbers through a FloatChannel, message i full of i, and closes it.

    python3 examples/python/producer.py NAME COUNT SIZE
"""

import sys
from array import array

from float_channel import ChannelWriter


def main():
    name, count, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with ChannelWriter(name) as writer:
        print('open', flush=True)
        for i in range(count):
            writer.send(array('d', [i]) * size)
        writer.close()
    print('done', flush=True)


if __name__ == '__main__':
    main()
