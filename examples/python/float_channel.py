"""A named FloatChannel of forkless, from Python: with nothing but the standard library, and numpy if it is there.

    reader = ChannelReader('prices')        # in Node.js: new FloatChannel(100_000, { name: 'prices' })
    for values in reader:                   # arrays, copies
        print(sum(values))

    writer = ChannelWriter('prices')
    writer.send([1.0, 2.5])
    writer.close()                          # the readers get what is there, and then the end

What holds, and what does not (docs/float-channel-layout.md says why):

- A channel has one reader, if that is a Python process, and one writer, if that is one. Nobody else may read, or write, then.
- Python waits by looking again and again, with short sleeps. It wakes those in Node.js that wait for it.
- Python may die at any moment: a message that it has not finished was not sent, one that it has not taken is still there.
- The channel lasts as long as a process of forkless has it open. When the last one closes it, what was not read is lost.
- x86-64 only: other processors may show memory in another order than it was written, and Python cannot forbid that.
"""

import ctypes
import mmap
import os
import platform
import socket
import struct
import threading
import time
from array import array

try:
    import numpy
except ImportError:
    numpy = None

# Bytes in the file, but for the words of the ring, which are 4 bytes each. A test compares all of it with what Node.js uses.
LAYOUT = {
    'version': 2,
    'magicLow': 0x6B726F66,
    'magicHigh': 0x7373656C,
    'headerMagic': 0,
    'headerVersion': 8,
    'headerFamily': 16,
    'headerState': 32,
    'headerRoot': 112,
    'headerSlotEnd': 120,
    'arenaReady': 1,
    'blockHeaderBytes': 16,
    'blockStamp': 0,
    'blockKind': 4,
    'participantsOffset': 4096,
    'participantBytes': 256,
    'participantState': 0,
    'participantDoorbellArmed': 24,
    'stateLive': 2,
    'syncWaiters': 1,
    'asyncWaiters': 2,
    'eventStep': 4,
    'ring': {
        'kind': 0x534C5231,
        'slots': 1,
        'slotBytes': 2,
        'capacity': 3,
        'elementType': 4,
        'dataOffset': 5,
        'head': 16,
        'dataPoint': 18,
        'tail': 32,
        'spacePoint': 34,
        'lengths': 80,
        'mostCount': 0x3FFFFFFF,
    },
    # The element types, by their numbers, and what Python's struct calls them.
    'types': [
        ['c', 'B'], ['b', 'b'], ['B', 'B'], ['?', 'B'], ['h', 'h'], ['H', 'H'], ['i', 'i'], ['I', 'I'],
        ['l', 'q'], ['L', 'Q'], ['q', 'q'], ['Q', 'Q'], ['f', 'f'], ['d', 'd'],
        ['int8', 'b'], ['uint8', 'B'], ['int16', 'h'], ['uint16', 'H'], ['int32', 'i'], ['uint32', 'I'],
        ['int64', 'q'], ['uint64', 'Q'], ['float32', 'f'], ['float64', 'd'],
    ],
}
RING = LAYOUT['ring']
CLOSED = 1
FUTEX = {'x86_64': 202, 'aarch64': 98}
FUTEX_WAKE = 1
EVERYBODY = 0x7FFFFFFF


class ClosedError(Exception):
    """The channel has been closed: nothing more can be sent, or what was sent is lost."""


class Channel:
    """The file of a channel, and the ring in it."""

    def __init__(self, name):
        with open(f'/dev/shm/forkless-{os.getuid()}-{name}', 'r+b', buffering=0) as file:
            self._file = mmap.mmap(file.fileno(), 0)
        self._words = memoryview(self._file).cast('I')
        self._check_header(name)
        self._block = self._long(LAYOUT['headerRoot'])
        self._stamp = self._word(self._block - LAYOUT['blockHeaderBytes'] + LAYOUT['blockStamp'])
        if not self._is_there():
            raise OSError(f'{name!r} is no FloatChannel')
        self._ring = self._block // 4
        self.slots, self.max_size = self._of_ring('slots'), self._of_ring('capacity')
        self._slot_bytes, self._data = self._of_ring('slotBytes'), self._block + self._of_ring('dataOffset')
        self.type, self._code = LAYOUT['types'][self._of_ring('elementType')]
        self._item_bytes = struct.calcsize(self._code)
        self._wrap = RING['mostCount'] // self.slots * self.slots
        self._bell = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._barrier = threading.Lock()

    @property
    def closed(self):
        return bool(self._of_ring('head') & CLOSED)

    @property
    def size(self):
        """Messages that wait to be received."""
        return self._distance(self._of_ring('tail'))

    def detach(self):
        """Ends the use of it here."""
        self._bell.close()
        self._words.release()
        self._file.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.detach()

    # ---- memory: one aligned word is read and written at once ----

    def _word(self, offset):
        return self._words[offset // 4]

    def _long(self, offset):
        return self._words[offset // 4] | self._words[offset // 4 + 1] << 32

    def _of_ring(self, what):
        return self._words[self._ring + RING[what]]

    def _set(self, what, value):
        self._words[self._ring + RING[what]] = value

    def _slot(self, slot, length):
        start = self._data + slot * self._slot_bytes
        return memoryview(self._file)[start : start + length * self._item_bytes].cast(self._code)

    def _check_header(self, name):
        magic = self._word(LAYOUT['headerMagic']), self._word(LAYOUT['headerMagic'] + 4)
        if magic != (LAYOUT['magicLow'], LAYOUT['magicHigh']):
            raise OSError(f'{name!r} is no file of forkless')
        if self._word(LAYOUT['headerVersion']) != LAYOUT['version']:
            raise OSError(f'{name!r} was made by another version of forkless')

    def _is_there(self):
        """Whether the file is still in use, and the block in it still the ring."""
        header = self._block - LAYOUT['blockHeaderBytes']
        return (
            self._word(LAYOUT['headerState']) == LAYOUT['arenaReady']
            and self._word(header + LAYOUT['blockKind']) == RING['kind']
            and self._word(header + LAYOUT['blockStamp']) == self._stamp
        )

    # ---- counts: [ count : 31 | CLOSED : 1 ] ----

    def _distance(self, tail):
        distance = (self._of_ring('head') >> 1) - (tail >> 1)
        return distance if distance >= 0 else distance + self._wrap

    def _step(self, what):
        """One more; whoever closes the channel just now is heard."""
        count = self._of_ring(what)
        after = (count >> 1) + 1
        self._set(what, (0 if after == self._wrap else after) << 1 | count & CLOSED)

    # ---- waiting and waking ----

    def _wait_until(self, is_ready, timeout):
        deadline = None if timeout is None else time.monotonic() + timeout
        pause = 0
        while not is_ready():
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError('nobody has come in time')
            time.sleep(pause)
            pause = min(pause + 0.000_01, 0.001)

    def _wake(self, point):
        """Wakes who waits at a point, after the word has changed for which they wait."""
        # The change must be seen before the look at the bits: a lock has the instruction for that.
        with self._barrier:
            pass
        event = self._of_ring(point)
        if event & (LAYOUT['syncWaiters'] | LAYOUT['asyncWaiters']) == 0:
            return
        self._set(point, (event + LAYOUT['eventStep']) & 0xFFFFFFFF)
        if event & LAYOUT['syncWaiters']:
            anchor = ctypes.c_char.from_buffer(self._file)
            address = ctypes.addressof(anchor) + 4 * (self._ring + RING[point])
            self._libc.syscall(FUTEX[platform.machine()], ctypes.c_void_p(address), FUTEX_WAKE, EVERYBODY, None, None, 0)
            del anchor
        if event & LAYOUT['asyncWaiters']:
            self._ring_bells()

    def _ring_bells(self):
        family = self._file[LAYOUT['headerFamily'] : LAYOUT['headerFamily'] + 16].hex()
        for slot in range(self._word(LAYOUT['headerSlotEnd'])):
            at = LAYOUT['participantsOffset'] + slot * LAYOUT['participantBytes']
            state = self._word(at + LAYOUT['participantState'])
            if state & 15 != LAYOUT['stateLive'] or self._word(at + LAYOUT['participantDoorbellArmed']) == 0:
                continue
            try:
                self._bell.sendto(b'\1', f'\0forkless/{family}/{slot}.{state >> 4}'.encode())
            except OSError:
                pass  # It has one ring already, or has just gone.


class ChannelReader(Channel):
    """The one reader of a channel."""

    def recv(self, timeout=None):
        """A copy of the next message: a numpy array, or without numpy an array. EOFError at the end; timeout in seconds."""
        return self.consume(self._copy, timeout)

    def consume(self, use, timeout=None):
        """Calls `use` with a memoryview of the next message, in place, and returns what it returns."""
        self._wait_until(self._has_message, timeout)
        slot = (self._of_ring('tail') >> 1) % self.slots
        length = min(self._words[self._ring + RING['lengths'] + slot], self.max_size)
        with self._slot(slot, length) as view:
            result = use(view)
        if not self._is_there():
            raise ClosedError('the last process of forkless has closed the channel, with messages in it: they are lost')
        self._step('tail')
        self._wake('spacePoint')
        return result

    def __iter__(self):
        try:
            while True:
                yield self.recv()
        except EOFError:
            return

    def _has_message(self):
        tail = self._of_ring('tail')
        if not self._is_there():
            raise EOFError('the last process of forkless has closed the channel')
        if self._distance(tail) > 0:
            return True
        if self.closed:
            raise EOFError('the channel is closed, and all its messages have been received')
        return False

    def _copy(self, view):
        if numpy is not None:
            return numpy.array(numpy.frombuffer(view, dtype=self._code))
        result = array(self._code)
        result.frombytes(view)
        return result


class ChannelWriter(Channel):
    """The one writer of a channel."""

    def send(self, values, timeout=None):
        """Sends a message: anything with the buffer protocol and this type of elements, or any list of numbers."""
        if not isinstance(values, (array, memoryview)) and not hasattr(values, '__array_interface__'):
            values = array(self._code, values)
        with memoryview(values) as given, given.cast('B') as data:
            length = len(data) // self._item_bytes
            if given.format != self._code:
                raise TypeError(f'the channel has elements of type {self._code!r}, not {given.format!r}')
            if length > self.max_size:
                raise ValueError(f'{length} elements do not fit: there is room for {self.max_size}')
            self._wait_until(self._has_room, timeout)
            slot = (self._of_ring('head') >> 1) % self.slots
            with self._slot(slot, length) as view, view.cast('B') as target:
                target[:] = data
        self._words[self._ring + RING['lengths'] + slot] = length
        self._step('head')
        self._wake('dataPoint')

    def close(self):
        """Nothing more comes: the readers get what is there, and then the end."""
        self._set('head', self._of_ring('head') | CLOSED)
        self._set('tail', self._of_ring('tail') | CLOSED)
        self._wake('dataPoint')
        self._wake('spacePoint')

    def _has_room(self):
        if not self._is_there():
            raise ClosedError('the last process of forkless has closed the channel')
        tail = self._of_ring('tail')
        if (self._of_ring('head') | tail) & CLOSED:
            # Closed by another process, perhaps while this one wrote the head: the end must be in both.
            self._set('head', self._of_ring('head') | CLOSED)
            raise ClosedError('the channel has been closed')
        return self._distance(tail) < self.slots
