"""Reads spike logs of synfire with the libraries that people have.

    cargo run -p synfire-exchange --example write_logs -- FOLDER
    python .ci/read_spike_logs.py FOLDER

FOLDER holds `spikes.*` in every format, and `expected.json` with the spikes of every population.
Needs numpy and h5py; reads also with nir, libsonata, bmtk, neo and tonic where they are installed.
"""

import csv
import importlib.util
import json
import struct
import sys
import warnings
from pathlib import Path

import h5py
import numpy as np

FOLDER = Path(sys.argv[1])
EXPECTED = json.loads((FOLDER / "expected.json").read_text())
DT_MS = EXPECTED["dt_ms"]
POPULATIONS = EXPECTED["populations"]
FIRING = {name: spikes for name, spikes in POPULATIONS.items() if spikes["neurons"]}


def same(population, times_ms, neurons, what, tolerance=0.0):
    """Checks times and neurons, in order: a neuron that fires twice in a step has two entries."""
    expected = POPULATIONS[population]
    assert np.array_equal(np.asarray(neurons), expected["neurons"]), f"neurons of {what}"
    difference = np.abs(np.asarray(times_ms) - expected["times_ms"])
    assert difference.size == 0 or difference.max() <= tolerance, f"times of {what}"


def sorted_spikes(times_ms, neurons):
    """Spikes by time and then neuron, for readers that give them in an order of their own."""
    order = np.lexsort((neurons, times_ms))
    return np.asarray(times_ms)[order], np.asarray(neurons)[order]


def same_spikes(population, times_ms, neurons, what):
    expected = POPULATIONS[population]
    ours = sorted_spikes(expected["times_ms"], expected["neurons"])
    for read, wanted in zip(sorted_spikes(times_ms, neurons), ours):
        assert np.array_equal(read, wanted), what


def check_h5py():
    with h5py.File(FOLDER / "spikes.h5") as file:
        assert file.attrs["magic"] == 0x0A7A and list(file.attrs["version"]) == [0, 1]
        for key, value in EXPECTED["provenance"].items():
            assert file.attrs[key].decode() == (value or "unknown"), key
        assert sorted(file["spikes"]) == sorted(POPULATIONS)
        for name, group in file["spikes"].items():
            assert group["timestamps"].dtype == np.float64 and group["node_ids"].dtype == np.uint64
            assert group["timestamps"].attrs["units"] == b"ms"
            assert h5py.check_enum_dtype(group.attrs.get_id("sorting").dtype)["by_time"] == 2
            same(name, group["timestamps"][:], group["node_ids"][:], "SONATA by h5py")


def check_libsonata():
    import libsonata

    reader = libsonata.SpikeReader(str(FOLDER / "spikes.h5"))
    assert sorted(reader.get_population_names()) == sorted(POPULATIONS)
    for name in POPULATIONS:
        assert reader[name].sorting == "by_time"
        spikes = reader[name].get()
        same(name, [time for _, time in spikes], [node for node, _ in spikes], "libsonata")


def check_bmtk():
    from bmtk.utils.reports.spike_trains import SpikeTrains

    for read in [SpikeTrains.from_sonata, SpikeTrains.from_csv]:
        ending = "h5" if read == SpikeTrains.from_sonata else "bmtk.csv"
        trains = read(str(FOLDER / f"spikes.{ending}"))
        for name in FIRING:
            spikes = trains.to_dataframe(populations=name)
            same_spikes(name, spikes["timestamps"], spikes["node_ids"], f"bmtk, {ending}")


def check_numpy():
    with np.load(FOLDER / "spikes.npz", allow_pickle=False) as arrays:
        assert arrays["dt_ms"] == DT_MS
        assert json.loads(str(arrays["provenance"])) == EXPECTED["provenance"]
        for name, expected in POPULATIONS.items():
            times, neurons = arrays[f"{name}/times_ms"], arrays[f"{name}/neurons"]
            assert times.dtype == np.float64 and neurons.dtype == np.int64
            assert arrays[f"{name}/size"] == expected["size"]
            same(name, times, neurons, "npz")
    for name in FIRING:
        # As NEST's own files are read: the header has three lines.
        senders, times = np.loadtxt(FOLDER / f"spikes-{name}.dat", skiprows=3, unpack=True)
        same(name, times, senders - 1, "NEST by numpy")
        times, neurons = np.loadtxt(
            FOLDER / f"spikes-{name}.us.csv", delimiter=",", skiprows=1, unpack=True
        )
        same(name, times / 1000, neurons, "csv-us")
        steps, neurons = np.loadtxt(
            FOLDER / f"spikes-{name}.steps.csv", delimiter=",", skiprows=1, unpack=True, dtype=int
        )
        same(name, steps * DT_MS, neurons, "csv-steps", 1e-9)
    with open(FOLDER / "spikes.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    for name in FIRING:
        ours = [row for row in rows if row["population"] == name]
        times = [float(row["time_ms"]) for row in ours]
        same(name, times, [int(row["neuron"]) for row in ours], "csv")
    for sidecar in ["spikes.csv", "spikes.bmtk.csv", "spikes-input.gdf", "spikes-still.us.csv"]:
        text = (FOLDER / f"{sidecar}.provenance.json").read_text()
        assert json.loads(text) == EXPECTED["provenance"]


def check_pandas():
    import pandas

    for name in FIRING:
        table = pandas.read_csv(FOLDER / f"spikes-{name}.dat", sep="\t", comment="#")
        same(name, table["time_ms"], table["sender"] - 1, "NEST by pandas")


def check_nir():
    import nir

    data = nir.read_data(FOLDER / "spikes.nir.h5")
    assert sorted(data.nodes) == sorted(POPULATIONS)
    for name, expected in POPULATIONS.items():
        events = data.nodes[name].observables["spikes"]
        assert type(events) is nir.EventData and events.shape == (1, len(expected["neurons"]))
        assert events.n_neurons == expected["size"]
        same(name, events.time[0] * 1000, events.idx[0], "nir", 1e-9)
        if expected["neurons"]:
            steps = round(max(expected["times_ms"]) / DT_MS) + 1
            assert int(events.t_max / (DT_MS / 1000)) == steps
    with h5py.File(FOLDER / "spikes.nir.h5") as file:
        assert file.attrs["__type__"] == "NIRGraphData"
        assert file.attrs["sha256"].decode() == EXPECTED["provenance"]["sha256"]
    # What nir writes itself has the same tags and kinds.
    nir.write_data(FOLDER / "by_nir.h5", data)
    with h5py.File(FOLDER / "by_nir.h5") as theirs, h5py.File(FOLDER / "spikes.nir.h5") as ours:
        compare = lambda path, item: [
            (type(item.attrs[key]), item.attrs[key]) == (type(ours[path].attrs[key]), ours[path].attrs[key])
            or (path, key)
            for key in item.attrs
        ]
        problems = []
        theirs.visititems(lambda path, item: problems.extend(compare(path, item)))
        assert all(problem is True for problem in problems), problems


def check_neo():
    import neo

    for name, expected in FIRING.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader = neo.io.NestIO(filenames=str(FOLDER / f"spikes-{name}.gdf"))
            segment = reader.read_segment(
                gid_list=[], t_start=0 * neo.io.nestio.pq.ms, t_stop=1e7 * neo.io.nestio.pq.ms,
                id_column_gdf=0, time_column_gdf=1,
            )
        times, neurons = [], []
        for train in segment.spiketrains:
            times.extend(train.rescale("ms").magnitude)
            neurons.extend([train.annotations["id"] - 1] * len(train))
        same_spikes(name, times, neurons, "gdf by neo")


def check_tonic():
    """tonic reads the packets of any AEDAT 3, and gives data words and timestamps as they are."""
    # The module alone: the package needs more than reading does.
    place = Path(importlib.util.find_spec("tonic").submodule_search_locations[0]) / "io.py"
    spec = importlib.util.spec_from_file_location("tonic_io", place)
    io = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(io)
    for name in FIRING:
        path = str(FOLDER / f"spikes-{name}.aedat")
        version, start, _ = io.read_aedat_header_from_file(path)
        assert version == 3.1
        events = io.get_aer_events_from_file(path, version, start)
        words = events["address"]
        assert (words & 0xFFF == 1).all(), "valid, core 0, chip 0"
        same(name, events["timeStamp"] / 1000, words >> 12, "AEDAT by tonic")
    data = Path(path).read_bytes()
    kind, source = struct.unpack_from("<hh", data, data.index(b"#!END-HEADER\r\n") + 14)
    assert (kind, source) == (12, 0)


def check_interop():
    """The reader of AEDAT in tests/interop, whose author has not seen the writer."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "interop"))
    from read_aedat import read_spikes

    for name in FIRING:
        neurons, microseconds = read_spikes(str(FOLDER / f"spikes-{name}.aedat"))
        same(name, microseconds / 1000, neurons, "AEDAT by tests/interop")


def main():
    needed = {check_h5py: "h5py", check_numpy: "numpy", check_interop: "tests/interop"}
    optional = {
        check_libsonata: "libsonata",
        check_bmtk: "bmtk",
        check_pandas: "pandas",
        check_nir: "nir",
        check_neo: "neo",
        check_tonic: "tonic",
    }
    for check, library in (needed | optional).items():
        if library in optional.values() and importlib.util.find_spec(library) is None:
            print(f"left out, not installed: {library}")
            continue
        check()
        print(f"read by {library}")


if __name__ == "__main__":
    main()
