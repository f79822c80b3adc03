"""Makes the files `h5py_*` beside it, as h5py 3 writes them. Run: python make_h5py_files.py (needs h5py, numpy).

h5py_lzf.h5          LZF with shuffle in every dataset, fletcher32 where HDF5 allows it
h5py_latin1.h5       Latin-1 names of classes (variable-length) and speakers (fixed length)
h5py_booleans.h5     labels and speakers as NumPy booleans
h5py_links.h5        hard, soft and external links to the datasets of h5py_lzf.h5
h5py_dangling.h5     links that lead nowhere, or in a circle, from names that recordings may have
h5py_cut_block.h5    a user block of 512 bytes cut off, as h5unjam does
h5py_raw.h5, .raw    labels in an external file of raw data
h5py_virtual.h5      labels as a virtual dataset of h5py_lzf.h5
All hold the samples of make_files.py, but for the labels of h5py_booleans.h5 (True, False, True) and their speakers.
"""

import h5py
import numpy

TIMES = [[0, 0.25, 0.5], [], [0.125, 0.125]]
UNITS = [[3, 120, 0], [], [7, 7]]
LABELS, SPEAKERS, KEYS = [0, 19, 4], [11, 0, 3], [f"word {i}" for i in range(20)]


def ragged(file, name, rows, dtype, **options):
    dataset = file.create_dataset(name, (len(rows),), h5py.vlen_dtype(numpy.dtype(dtype)), **options)
    for index, row in enumerate(rows):
        dataset[index] = numpy.array(row, dtype)


def spikes(file, **options):
    ragged(file, "spikes/times", TIMES, "f4", **options)
    ragged(file, "spikes/units", UNITS, "u2", **options)


def description(file, **options):
    file.create_dataset("labels", data=numpy.array(LABELS, "u2"), **options)
    file.create_dataset("extra/speaker", data=numpy.array(SPEAKERS, "u2"), **options)
    file.create_dataset("extra/keys", data=numpy.array(KEYS, "S"), **options)


with h5py.File("h5py_lzf.h5", "w") as file:
    packed = dict(chunks=(2,), compression="lzf", shuffle=True)
    spikes(file, **packed)
    description(file, fletcher32=True, **packed)
    file.create_dataset("extra/meta_info/age", data=numpy.arange(200.0), chunks=(100,), compression="lzf", fletcher32=True)
    file.create_dataset("extra/meta_info/name", data=["Ann", "Bo"], dtype=h5py.string_dtype(), **packed)

with h5py.File("h5py_latin1.h5", "w") as file:
    spikes(file)
    description(file)
    del file["extra/keys"]
    names = [f"w\u00f6rter {i}".encode("latin-1") for i in range(20)]
    keys = file.create_dataset("extra/keys", (20,), h5py.string_dtype("ascii"))
    for index, name in enumerate(names):
        keys[index] = name
    file["extra/meta_info/name"] = numpy.array(["J\u00fcrgen".encode("latin-1"), b"Ann"])
    file["extra/meta_info/other"] = numpy.array(["it\u2019s".encode("cp1252")])

with h5py.File("h5py_booleans.h5", "w") as file:
    spikes(file)
    file["labels"] = numpy.array([True, False, True])
    file["extra/speaker"] = numpy.array([True, True, False])

with h5py.File("h5py_links.h5", "w") as file:
    with h5py.File("h5py_lzf.h5") as source:
        spikes(file.create_group("kept"))
        file["kept/labels"] = source["labels"][:]
    file["spikes"] = file["kept/spikes"]
    file["labels"] = h5py.SoftLink("kept/./labels")
    file["extra"] = h5py.ExternalLink("h5py_lzf.h5", "extra")

with h5py.File("h5py_dangling.h5", "w") as file:
    file["soft"] = h5py.SoftLink("/nothing/there")
    file["circle"] = h5py.SoftLink("/circle")
    file["round"] = h5py.ExternalLink("h5py_dangling.h5", "/round")
    file["no_file"] = h5py.ExternalLink("missing.h5", "/labels")
    file["no_object"] = h5py.ExternalLink("h5py_lzf.h5", "/nothing")
    file["no_hdf5"] = h5py.ExternalLink("make_h5py_files.py", "/labels")
    file["group/inner"] = 1
    file["dataset"] = 1
    file["through"] = h5py.SoftLink("/dataset/inner")
    file["fine"] = h5py.SoftLink("group")

with h5py.File("h5py_cut_block.h5", "w", userblock_size=512) as file:
    spikes(file)
    description(file)
with open("h5py_cut_block.h5", "r+b") as file:
    rest = file.read()[512:]
    file.seek(0)
    file.write(rest)
    file.truncate()

with h5py.File("h5py_raw.h5", "w") as file:
    spikes(file)
    description(file)
    del file["labels"]
    file.create_dataset("labels", (3,), "u2", external=[("h5py_raw.raw", 0, 6)])[:] = LABELS

with h5py.File("h5py_virtual.h5", "w") as file:
    spikes(file)
    description(file)
    del file["labels"]
    layout = h5py.VirtualLayout((3,), "u2")
    layout[:] = h5py.VirtualSource("h5py_lzf.h5", "labels", shape=(3,))
    file.create_virtual_dataset("labels", layout)
