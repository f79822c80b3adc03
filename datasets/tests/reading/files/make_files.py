"""Makes the small files beside it, as other programs write them. Run: python make_files.py (needs h5py, tables, numpy).

official_layout.h5   PyTables, as the published SHD files were made: float16 times, uint16 units, fixed strings
big_endian.h5        h5py: big-endian float16 times, big-endian int64 units, chunked and gzip-compressed, variable-length strings
latest_format.h5     h5py, newest file format: float32 times, uint8 units, resizable
All hold three samples: units [3, 120, 0] at 0, 0.25, 0.5 s; silence; units [7, 7] at 0.125, 0.125 s.
"""

import h5py
import numpy
import tables

TIMES = [[0, 0.25, 0.5], [], [0.125, 0.125]]
UNITS = [[3, 120, 0], [], [7, 7]]
LABELS, SPEAKERS, KEYS = [0, 19, 4], [11, 0, 3], [f"word {i}" for i in range(20)]

with tables.open_file("official_layout.h5", "w") as file:
    spikes = file.create_group("/", "spikes")
    times = file.create_vlarray(spikes, "times", tables.Float16Atom(shape=()), chunkshape=2)
    units = file.create_vlarray(spikes, "units", tables.UInt16Atom(shape=()), chunkshape=2)
    for t, u in zip(TIMES, UNITS):
        times.append(numpy.array(t, "f2"))
        units.append(numpy.array(u, "u2"))
    file.create_array("/", "labels", numpy.array(LABELS, "u2"))
    extra = file.create_group("/", "extra")
    file.create_array(extra, "speaker", numpy.array(SPEAKERS, "u2"))
    file.create_array(extra, "keys", numpy.array(KEYS, "S"))
    meta = file.create_group(extra, "meta_info")
    file.create_array(meta, "gender", numpy.array(["f", "m"], "S"))
    file.create_array(meta, "age", numpy.array([31, 27], "u2"))
    file.create_array(meta, "body_height", numpy.array([172.0, 181.5], "f4"))


def ragged(file, name, rows, dtype, **options):
    dataset = file.create_dataset(name, (len(rows),), h5py.vlen_dtype(numpy.dtype(dtype)), **options)
    for index, row in enumerate(rows):
        dataset[index] = numpy.array(row, dtype)


with h5py.File("big_endian.h5", "w") as file:
    packed = dict(chunks=(2,), compression="gzip", shuffle=True)
    ragged(file, "spikes/times", TIMES, ">f2", **packed)
    ragged(file, "spikes/units", UNITS, ">i8", **packed)
    file.create_dataset("labels", data=numpy.array(LABELS, ">i4"), **packed)
    file.create_dataset("extra/speaker", data=numpy.array(SPEAKERS, "i1"))
    file.create_dataset("extra/keys", data=KEYS, dtype=h5py.string_dtype())

with h5py.File("latest_format.h5", "w", libver="latest") as file:
    ragged(file, "spikes/times", TIMES, "<f4", maxshape=(None,), chunks=(2,))
    ragged(file, "spikes/units", UNITS, "u1", maxshape=(None,), chunks=(2,))
    file.create_dataset("labels", data=numpy.array(LABELS, "u8"))
    file.create_dataset("extra/speaker", data=numpy.array(SPEAKERS, "u2"))
    file.create_dataset("extra/keys", data=numpy.array(KEYS, "S"))
