"""Make a PNG small: 256 colours, which is plenty for a picture of a screen."""

import collections
import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunks(data):
    """(kind, bytes) of each chunk."""
    at = len(SIGNATURE)
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        yield kind, data[at + 8:at + 8 + length]
        at += 12 + length


def chunk(kind, data):
    return (struct.pack(">I", len(data)) + kind + data +
            struct.pack(">I", zlib.crc32(kind + data)))


def paeth(left, above, corner):
    guess = left + above - corner
    return min((left, above, corner), key=lambda one: abs(guess - one))


def rows(data, width, height, size):
    """The rows of an image with pixels of so many bytes, filters undone."""
    data = zlib.decompress(data)
    above = bytes(width * size)
    for y in range(height):
        start = y * (width * size + 1)
        kind, row = data[start], bytearray(data[start + 1:
                                                start + 1 + width * size])
        for x in range(len(row) if kind else 0):
            left = row[x - size] if x >= size else 0
            corner = above[x - size] if x >= size else 0
            row[x] = row[x] + (0, left, above[x], (left + above[x]) // 2,
                               paeth(left, above[x], corner)
                               if kind == 4 else 0)[kind] & 255
        above = bytes(row)
        yield above


def shrink(png):
    """The PNG with its 256 most frequent colours, the others rounded."""
    parts = collections.defaultdict(bytes)
    for kind, data in chunks(png):
        parts[kind] += data
    width, height, depth, colours, _, _, interlace = struct.unpack(
        ">IIBBBBB", parts[b"IHDR"])
    if depth != 8 or colours not in (2, 6) or interlace:
        return png
    size = 3 if colours == 2 else 4
    image = [[row[x:x + 3] for x in range(0, width * size, size)]
             for row in rows(parts[b"IDAT"], width, height, size)]
    counts = collections.Counter(pixel for row in image for pixel in row)
    palette = [colour for colour, _ in counts.most_common(256)]
    index = {colour: n for n, colour in enumerate(palette)}
    for colour in counts:
        if colour not in index:
            index[colour] = min(range(len(palette)), key=lambda n: sum(
                abs(a - b) for a, b in zip(palette[n], colour)))
    pixels = b"".join(b"\0" + bytes(index[pixel] for pixel in row)
                      for row in image)
    return (SIGNATURE +
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3,
                                       0, 0, 0)) +
            chunk(b"PLTE", b"".join(palette)) +
            chunk(b"IDAT", zlib.compress(pixels, 9)) + chunk(b"IEND", b""))
