"""Making a block of shared memory, closing it and removing its name: us for the three.

    python3 shared_memory.py --bytes=1024 --min-ms=1000
"""

import argparse
from multiprocessing.shared_memory import SharedMemory

from measuring import measure_batches, print_batches

BLOCKS = 200


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--bytes', type=int, default=1024)
    parser.add_argument('--min-ms', type=int, default=1000)
    options = parser.parse_args()

    def blocks(count):
        for _ in range(count):
            block = SharedMemory(create=True, size=options.bytes)
            if block.buf[0] != 0:
                raise SystemExit('not zero')
            block.close()
            block.unlink()

    batches = measure_batches(blocks, BLOCKS, options.min_ms)
    print_batches(f'SharedMemory of {options.bytes} bytes, made, closed and removed', 'us', [ns / 1000 for ns in batches])


if __name__ == '__main__':
    main()
