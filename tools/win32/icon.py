"""Writes the icon: a dog's face, drawn here in 16 by 16 squares. python3 icon.py OUT.ico"""

import struct
import sys
import zlib

COLOURS = {".": (0, 0, 0, 0), "b": (150, 98, 52, 255), "d": (92, 56, 28, 255),
           "w": (250, 240, 224, 255), "k": (28, 24, 22, 255), "r": (224, 92, 96, 255)}
DOG = """
................
..dd........dd..
.dddd.bbbb.dddd.
.ddddbbbbbbdddd.
.dddbbbbbbbbddd.
.dddbbbbbbbbddd.
.ddbbkbbbbkbbdd.
.ddbbkbbbbkbbdd.
..dbbbbwwbbbbd..
...bbbwkkwbbb...
...bbwwkkwwbb...
...bbwwwwwwbb...
....bwkwwkwb....
.....wwkkww.....
......wrrw......
.......rr.......
""".split()
SIZES = (16, 32, 48, 256)  # the last one as PNG, which saves a quarter of a megabyte


def rows(size):
    n = size // 16
    return [[COLOURS[c] for c in line for _ in range(n)] for line in DOG for _ in range(n)]


def bitmap(size):
    """BITMAPINFOHEADER with twice the height, pixels from the bottom up, then an empty mask."""
    head = struct.pack("<IiiHHIIiiII", 40, size, 2 * size, 1, 32, 0, 0, 0, 0, 0, 0)
    pixels = b"".join(bytes((b, g, r, a)) for row in reversed(rows(size)) for r, g, b, a in row)
    return head + pixels + bytes((size + 31) // 32 * 4 * size)


def png(size):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = b"".join(b"\0" + b"".join(bytes(p) for p in row) for row in rows(size))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(pixels, 9)) + chunk(b"IEND", b""))


def main():
    assert len(DOG) == 16 and all(len(line) == 16 for line in DOG)
    images = [png(size) if size == 256 else bitmap(size) for size in SIZES]
    out, at = struct.pack("<HHH", 0, 1, len(SIZES)), 6 + 16 * len(SIZES)
    for size, image in zip(SIZES, images):
        out += struct.pack("<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, len(image), at)
        at += len(image)
    with open(sys.argv[1], "wb") as file:
        file.write(out + b"".join(images))


if __name__ == "__main__":
    main()
