"""What the messages are; bench/messages/contents.js has the same for Node."""

# Of bytes so many different messages, made before: a Queue may read one long after it was put.
DIFFERENT = 3


def contents(size):
    """Makes message i: a new small dict (size 0), or so many bytes that begin with i modulo 3."""
    if size == 0:
        return lambda i: {'id': i, 'name': f'item-{i}', 'value': i * 0.5, 'ok': True}
    buffers = [bytes([k]) * size for k in range(DIFFERENT)]
    return lambda i: buffers[i % DIFFERENT]


def looker(size):
    """Looks into a message, for a sum."""
    if size == 0:
        return lambda item: item['id'] + item['value']
    return lambda message: message[0] + message[size - 1]


def sum_of(size, count):
    make, look = contents(size), looker(size)
    return sum(look(make(i)) for i in range(count))
