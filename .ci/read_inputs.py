"""Writes recordings into the current folder as h5py, gzip and zipfile write them, and has synfire read them.

Run: python read_inputs.py PATH/TO/synfire
Every file holds the same samples; what is stored otherwise says so in its row below.
"""

import gzip
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np

SYNFIRE = sys.argv[1]
NAMES = ["null", "eins", "zw\u00f6lf", "f\u00fcnf"]
SAMPLES, SPIKES, CHANNELS = 40, 30, 20
RNG = np.random.default_rng(1)
TIMES = [np.sort(RNG.uniform(0, 0.2, SPIKES)).astype("f4") for _ in range(SAMPLES)]
UNITS = [RNG.integers(0, CHANNELS, SPIKES).astype("u2") for _ in range(SAMPLES)]
LABELS = np.arange(SAMPLES) % 4
UTF8 = h5py.string_dtype()


def rows(file, name, values, **options):
    dataset = file.create_dataset(name, (len(values),), h5py.vlen_dtype(values[0].dtype), **options)
    for index, value in enumerate(values):
        dataset[index] = value


def write(file, spikes={}, numbers={}, labels=LABELS.astype("u2"), names=NAMES):
    rows(file, "spikes/times", TIMES, **spikes)
    rows(file, "spikes/units", UNITS, **spikes)
    file.create_dataset("labels", data=labels, **numbers)
    file.create_dataset("extra/speaker", data=(np.arange(SAMPLES) % 5).astype("u2"), **numbers)
    file.create_dataset("extra/keys", data=names, dtype=UTF8 if isinstance(names[0], str) else None)


def made(name, userblock=0, libver=None, **parts):
    with h5py.File(name, "w", userblock_size=userblock, libver=libver) as file:
        write(file, **parts)
    return Path(name)


def synfire(*arguments):
    return subprocess.run([SYNFIRE, "data", *map(str, arguments)], capture_output=True, text=True)


def check(path, classes=dict.fromkeys(NAMES, 10), notes=0):
    """synfire reads `path`, and what it reads is what was written."""
    result = synfire("info", path, "--channels", CHANNELS, "--json")
    assert result.returncode == 0, f"{path}: {result.stderr}"
    info = json.loads(result.stdout)
    assert (info["samples"], info["spikes"]) == (SAMPLES, SAMPLES * SPIKES), info
    assert {row["name"]: row["samples"] for row in info["classes"] if row["samples"]} == classes, info["classes"]
    assert [row["samples"] for row in info["speakers"]] == [8] * 5, info["speakers"]
    assert len(info["notes"]) == notes == len(result.stderr.splitlines()), result.stderr
    return info


def refused(path, *words):
    """synfire refuses `path` with one sentence that has these words and does not call it damaged."""
    result = synfire("info", path, "--channels", CHANNELS)
    assert result.returncode == 1 and len(result.stderr.splitlines()) == 1, f"{path}: {result.stderr}"
    assert result.stderr.startswith(f"synfire: error: {path}"), result.stderr
    assert all(word in result.stderr for word in words), result.stderr
    assert "may be damaged" not in result.stderr and "cut short" not in result.stderr, result.stderr


def check_filters():
    for shuffle in (False, True):
        for packing in ("lzf", "gzip"):
            options = dict(chunks=(8,), compression=packing, shuffle=shuffle)
            check(made(f"{packing}-{shuffle}.h5", spikes=options, numbers=options | {"fletcher32": True}))
            check(made(f"{packing}-{shuffle}-latest.h5", libver="latest", spikes=options, numbers=options))
    check(made("scale-offset.h5", numbers=dict(chunks=(8,), scaleoffset=0)))
    # Noise, which LZF stores as it is, and runs, which it repeats far and long.
    with h5py.File(made("meta.h5"), "a") as file:
        for name, values in {"noise": RNG.uniform(size=5000), "runs": np.repeat(np.arange(9.0), 700)}.items():
            file.create_dataset(f"extra/meta_info/{name}", data=values, chunks=(1000,), compression="lzf")
        meta_info = {name: dataset[:].tolist() for name, dataset in file["extra/meta_info"].items()}
    assert check("meta.h5")["meta_info"] == meta_info


def check_texts():
    latin1 = [name.encode("latin-1") for name in NAMES]
    check(made("latin1-fixed.h5", names=latin1), notes=1)
    with h5py.File(made("latin1-variable.h5"), "a") as file:
        del file["extra/keys"]
        keys = file.create_dataset("extra/keys", (4,), h5py.string_dtype("ascii"))
        for index, name in enumerate(latin1):
            keys[index] = name
    check("latin1-variable.h5", notes=1)
    check(made("utf8-fixed.h5", names=[name.encode() for name in NAMES]))
    with h5py.File(made("odd-meta.h5"), "a") as file:
        group = file.create_group("extra/meta_info")
        group["windows"] = np.array(["it\u2019s".encode("cp1252")])
        group["pair"] = np.zeros(3, [("a", "f4"), ("b", "i4")])
        group["dangling"] = h5py.SoftLink("/nothing")
        group["wide"] = np.array(["J\u00fcrgen".encode("utf-16")])
        group["fine"] = [1.5, 2.5]
        group["flags"] = np.array([True, False])
    assert check("odd-meta.h5", notes=4)["meta_info"] == {"fine": [1.5, 2.5], "flags": [1, 0]}


def check_labels():
    halves = {"null": 20, "eins": 20}
    check(made("booleans.h5", labels=LABELS % 2 == 1, names=NAMES[:2]), halves)
    packed = dict(chunks=(8,), compression="lzf")
    check(made("packed-booleans.h5", labels=LABELS % 2 == 1, numbers=packed, names=NAMES[:2]), halves)
    named = h5py.enum_dtype({name: index for index, name in enumerate("abcd")}, basetype="i2")
    check(made("named.h5", labels=LABELS.astype(named)))


def check_links():
    made("full.h5")
    with h5py.File("linked.h5", "w") as file:
        file["spikes"] = h5py.ExternalLink("full.h5", "/spikes")
        file["labels"] = h5py.SoftLink("/numbers/all")
        file["numbers/all"] = LABELS
        file["extra"] = h5py.ExternalLink(str(Path("full.h5").resolve()), "extra")
    check("linked.h5")
    os.makedirs("folder", exist_ok=True)
    with h5py.File("folder/twice.h5", "w") as file:
        for name in ("spikes", "labels", "extra"):
            file[name] = h5py.ExternalLink("../linked.h5", name)
    check("folder/twice.h5")
    with h5py.File("hard.h5", "w") as file:
        write(file.create_group("all"))
        file["spikes"] = file["all/spikes"]
        file["labels"] = file["all/labels"]
        file["extra"] = h5py.SoftLink("all/extra")
    check("hard.h5")
    for name, link, words in [
        ("missing.h5", h5py.ExternalLink("nowhere.h5", "/extra"), ["/extra in nowhere.h5", "there is no file"]),
        ("nothing.h5", h5py.SoftLink("/full/extra"), ["a soft link to /full/extra", "no full there"]),
        ("circle.h5", h5py.SoftLink("/extra"), ["lead in a circle"]),
    ]:
        with h5py.File(made(name), "a") as file:
            del file["extra"]
            file["extra"] = link
        refused(name, "extra/speaker", *words)


def check_storage():
    for size in (512, 2048):
        block = made(f"block-{size}.h5", userblock=size)
        check(block)
        cut = Path(f"cut-{size}.h5")
        cut.write_bytes(block.read_bytes()[size:])
        h5py.File(cut).close()
        check(cut)
        # As h5jam puts one before a finished file.
        jammed = Path(f"jammed-{size}.h5")
        jammed.write_bytes(b"#" * size + Path("full.h5").read_bytes())
        h5py.File(jammed).close()
        check(jammed)
    with h5py.File(made("raw.h5"), "a") as file:
        del file["labels"]
        file.create_dataset("labels", (SAMPLES,), "i8", external=[("labels.raw", 16, SAMPLES * 8)])[:] = LABELS
    check("raw.h5")
    with h5py.File(made("virtual.h5"), "a") as file:
        del file["labels"]
        layout = h5py.VirtualLayout((SAMPLES,), "u2")
        layout[:] = h5py.VirtualSource("full.h5", "labels", shape=(SAMPLES,))
        file.create_virtual_dataset("labels", layout)
    refused("virtual.h5", "labels: is a virtual dataset", "not damaged")


def check_archives():
    full = Path("full.h5").read_bytes()
    streams = {
        "plain.h5.gz": gzip.compress(full),
        "zeros.h5.gz": gzip.compress(full) + bytes(3000),
        "members.h5.gz": gzip.compress(full[:5000]) + gzip.compress(full[5000:]),
        "twice.h5.gz": gzip.compress(gzip.compress(full)),
        "X.H5": full,
        "without-ending": gzip.compress(full),
    }
    for name, stream in streams.items():
        Path(name).write_bytes(stream)
        check(name)
    methods = {"stored": zipfile.ZIP_STORED, "deflated": zipfile.ZIP_DEFLATED, "bzip2": zipfile.ZIP_BZIP2, "lzma": zipfile.ZIP_LZMA}
    for name, method in methods.items():
        with zipfile.ZipFile(f"{name}.zip", "w", method) as archive:
            archive.writestr("recordings/", b"")
            archive.writestr("recordings/full.H5", full)
            archive.writestr("__MACOSX/recordings/._full.H5", b"\0\5\26\7" + bytes(100))
            archive.writestr("recordings/.DS_Store", b"\0\0\0\1Bud1")
            archive.writestr("README.txt", b"hello")
        check(f"{name}.zip")
    for name, member, content in [
        ("packed.zip", "full.h5.gz", streams["plain.h5.gz"]),
        ("other-ending.zip", "recordings.hdf", full),
        ("no-ending.zip", "recordings", full),
    ]:
        with zipfile.ZipFile(name, "w") as archive:
            archive.writestr(member, content)
        check(name)
    with zipfile.ZipFile("two.zip", "w") as archive:
        archive.writestr("a.h5", full)
        archive.writestr("b.h5", full)
    refused("two.zip", "exactly one HDF5 file", "a.h5, b.h5")
    with zipfile.ZipFile("none.zip", "w") as archive:
        archive.writestr("labels.csv", b"1,2")
    refused("none.zip", "no HDF5 file, but labels.csv")


def check_made_archive():
    assert synfire("synth", "packed.h5.gz", "--set", "samples_per_class=3").returncode == 0
    Path("unpacked.h5").write_bytes(gzip.open("packed.h5.gz").read())
    with h5py.File("unpacked.h5") as file:
        assert len(file["labels"]) == 30
    assert synfire("check", "packed.h5.gz").stdout.startswith("packed.h5.gz: sound: 30 samples")


def main():
    check_filters()
    check_texts()
    check_labels()
    check_links()
    check_storage()
    check_archives()
    check_made_archive()
    print(f"read by synfire: {len(list(Path('.').rglob('*')))} files of h5py, gzip and zipfile")


main()
