"""Read the spike events of an AEDAT 3.1 file.

Usage: python read_aedat.py FILE.aedat

The header lines, each ending in CR LF, are as iniVation describes them (docs.inivation.com, "AEDAT
3.1"), the little-endian packets after them as libcaer declares them (events/common.h and spike.h).
A packet is a header of 28 bytes and `eventNumber` events of `eventSize` bytes. A spike event (type
12) is a 32-bit word {bit 0 valid, bits 1-5 core, bits 6-11 chip, bits 12-31 neuron} and a signed
32-bit timestamp of 31 bits in microseconds, above which stands the packet's `eventTSOverflow`. In
a file `eventCapacity` equals `eventNumber` and is at least 1 (jAER, parser of AEDAT 3). Packets of
other types are skipped.
"""

import re
import struct
import sys

import numpy as np

PACKET = struct.Struct("<hhiiiiii")
SPIKE_TYPE, SPIKE_SIZE, TIMESTAMP_OFFSET = 12, 8, 4
SPIKE = np.dtype([("data", "<u4"), ("timestamp", "<i4")])
END = b"#!END-HEADER\r\n"
START = re.compile(rb"#Start-Time: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(TZ[+-]\d{4}\)\r\n")


def read_header(path, content):
    """Return the identifiers of the sources, and where the packets begin."""
    end = content.find(END)
    lines = content[:end].splitlines(keepends=True) if end >= 0 else []
    if not content.startswith(b"#!AER-DAT3.1\r\n"):
        raise ValueError(f"{path}: the first line is not '#!AER-DAT3.1' with CR LF.")
    if end < 0:
        raise ValueError(f"{path}: the header line '#!END-HEADER' with CR LF is missing.")
    for number, line in enumerate(lines, start=1):
        if not line.startswith(b"#") or not line.endswith(b"\r\n"):
            raise ValueError(f"{path}, line {number}: no header line of '#' to CR LF.")
    if lines[1:2] != [b"#Format: RAW\r\n"]:
        raise ValueError(f"{path}, line 2: '#Format: RAW' is expected, other formats are unknown.")
    named = [re.fullmatch(rb"#Source (\d+): [^\r\n]+\r\n", line) for line in lines]
    sources = [int(match[1]) for match in named if match]
    if not sources or sources != sorted(set(sources)):
        raise ValueError(f"{path}: the lines '#Source N: NAME' are missing or not in rising order.")
    if sum(START.fullmatch(line) is not None for line in lines) != 1:
        raise ValueError(f"{path}: one line '#Start-Time: date time (TZzone)' is expected.")
    return sources, end + len(END)


def read_packet(path, at, content, sources):
    """Return the valid spikes (neuron, microsecond) of the packet at byte `at`, and its end."""
    where = f"{path}, packet at byte {at}"
    if len(content) - at < PACKET.size:
        raise ValueError(f"{where}: the file ends within the packet's header.")
    kind, source, size, offset, overflow, capacity, number, valid = PACKET.unpack_from(content, at)
    if kind < 0 or size <= 0 or not 0 <= offset <= size - 4 or overflow < 0:
        raise ValueError(f"{where}: type {kind}, event size {size}, timestamp offset {offset} or "
                         f"overflow {overflow} is out of range.")
    if source not in sources:
        raise ValueError(f"{where}: source {source} is not named in the header.")
    if number != capacity or number < 1 or not 0 <= valid <= number:
        raise ValueError(f"{where}: capacity {capacity}, number {number} and valid {valid} do not "
                         "fit together.")
    begin, end = at + PACKET.size, at + PACKET.size + size * number
    if end > len(content):
        raise ValueError(f"{where}: the file ends within the packet's {number} events.")
    if kind != SPIKE_TYPE:
        return np.zeros((2, 0), dtype=np.int64), end
    if size != SPIKE_SIZE or offset != TIMESTAMP_OFFSET:
        raise ValueError(f"{where}: spikes of {size} bytes with the timestamp at {offset}, but "
                         f"{SPIKE_SIZE} and {TIMESTAMP_OFFSET} are expected.")
    events = np.frombuffer(content, SPIKE, number, begin)
    if (events["timestamp"] < 0).any():
        raise ValueError(f"{where}: a timestamp is negative.")
    events = events[events["data"] & 1 == 1]
    if len(events) != valid:
        raise ValueError(f"{where}: {len(events)} spikes are marked valid, but {valid} expected.")
    microseconds = (overflow << 31) | events["timestamp"].astype(np.int64)
    return np.stack([(events["data"] >> 12).astype(np.int64), microseconds]), end


def read_spikes(path):
    """Return the neurons and the microseconds of all valid spikes as int64, in the file's order."""
    with open(path, "rb") as file:
        content = file.read()
    sources, at = read_header(path, content)
    parts = [np.zeros((2, 0), dtype=np.int64)]
    while at < len(content):
        spikes, at = read_packet(path, at, content, sources)
        parts.append(spikes)
    neurons, microseconds = np.concatenate(parts, axis=1)
    return neurons, microseconds


def main(arguments):
    """Print how many spikes the file holds."""
    if len(arguments) != 1:
        return "Usage: python read_aedat.py FILE.aedat"
    try:
        neurons, microseconds = read_spikes(arguments[0])
    except (OSError, ValueError) as error:
        return str(error)
    print(f"spikes {neurons.size}, neurons that fire {np.unique(neurons).size}", end="")
    if neurons.size:
        print(f", highest neuron {neurons.max()}, from {microseconds.min()} to "
              f"{microseconds.max()} us, {'' if (np.diff(microseconds) >= 0).all() else 'not '}"
              "in order of time", end="")
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
