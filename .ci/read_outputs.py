"""Reads what synfire wrote into the current folder with the libraries its users have, and computes the network once more.

run/             a small training run of the recipe quickstart
evaluation.json  synfire evaluate run --json
simulation.json  synfire simulate run --sample 3 --record spikes,v --out sim --json
sim-bmtk/        the same with --logs sonata,csv-bmtk
made.h5, .json   synfire data synth, synfire data info --json
best.json        synfire info run/checkpoints/best.safetensors --json
run.zip          synfire pack run
"""

import csv
import json
import math
import struct
import tomllib
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

import h5py
import numpy as np
from safetensors.numpy import load_file

try:
    import libsonata
except ImportError:
    libsonata = None
try:
    from bmtk.utils.reports.compartment import CompartmentReport
    from bmtk.utils.reports.spike_trains import SpikeTrains
except ImportError:
    SpikeTrains = None

SPIKES, POTENTIALS = "sim/sample-3.spikes.h5", "sim/sample-3.v.h5"
HIDDEN = ["hidden1", "hidden2"]
POPULATIONS = ["input", *HIDDEN, "output"]
SIZES = [20, 32, 24, 5]
# Of the delays of `quickstart`, in steps.
LONGEST = 50
# Its time step.
DT_MS = 4.0


def read_json(name):
    return json.loads(Path(name).read_text())


def check_evaluation():
    evaluation, result = read_json("evaluation.json"), read_json("run/result.json")
    assert evaluation["split"] == "validation" and evaluation["samples"] == 40, evaluation
    accuracy = evaluation["correct"] / evaluation["samples"]
    assert evaluation["accuracy"] == accuracy == result["accuracy"]
    assert math.isclose(evaluation["standard_error"], math.sqrt(accuracy * (1 - accuracy) / 40))
    confusion = np.array(evaluation["confusion"])
    assert confusion.sum() == 40 and np.trace(confusion) == evaluation["correct"]


def check_metrics():
    with open("run/metrics.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3]
    assert all(math.isfinite(float(value)) for row in rows for value in row.values())
    assert float(rows[-1]["train_loss"]) < float(rows[0]["train_loss"]), "three epochs learn something"


def read_checkpoints():
    """The tensors of the best checkpoint; those of the last one must have the same names and shapes, and moments."""
    best, last = (load_file(f"run/checkpoints/{name}.safetensors") for name in ("best", "last"))
    assert {name: tensor.shape for name, tensor in best.items()} == {name: tensor.shape for name, tensor in last.items()}
    for (source, pre), (target, post) in zip(zip(POPULATIONS, SIZES), zip(POPULATIONS[1:], SIZES[1:])):
        for part in ("weight", "delay"):
            tensor = best[f"{source}->{target}.{part}"]
            assert tensor.shape == (post, pre, 1) and tensor.dtype == np.float32 and np.isfinite(tensor).all()
            assert any(name.startswith(f"{source}->{target}.{part}.optimizer.") for name in best)
        assert 0 <= tensor.min() and tensor.max() <= LONGEST, "delays stay in their window"
    return best


def read_spikes():
    """The spike log: `{population: (times in ms, neurons)}`."""
    spikes = {}
    with h5py.File(SPIKES) as file:
        assert file.attrs["magic"] == 0x0A7A and file.attrs["version"].tolist() == [0, 1]
        assert sorted(file["spikes"]) == sorted(POPULATIONS)
        for population, size in zip(POPULATIONS, SIZES):
            group = file["spikes"][population]
            sorting = h5py.check_enum_dtype(group.attrs.get_id("sorting").dtype)
            assert sorting == {"none": 0, "by_id": 1, "by_time": 2} and group.attrs["sorting"] == sorting["by_time"]
            times, neurons = group["timestamps"], group["node_ids"]
            units = times.attrs["units"]
            assert (units.decode() if isinstance(units, bytes) else units) == "ms"
            assert times.dtype == np.float64 and neurons.dtype == np.uint64 and times.shape == neurons.shape
            assert (np.diff(times[:]) >= 0).all() and (neurons[:] < size).all()
            spikes[population] = times[:], neurons[:].astype(int)
    counts = read_json("simulation.json")["spikes"]
    assert {population: len(times) for population, (times, _) in spikes.items()} == counts
    with open(SPIKES.replace(".h5", ".csv"), newline="") as file:
        rows = list(csv.DictReader(file))
    for population, (times, neurons) in spikes.items():
        own = [row for row in rows if row["population"] == population]
        assert [float(row["time_ms"]) for row in own] == times.tolist(), "CSV and HDF5 hold the same times"
        assert [int(row["neuron"]) for row in own] == neurons.tolist()
    return spikes


def read_potentials():
    """The report of membrane potentials: `{population: [steps, neurons]}`."""
    potentials = {}
    with h5py.File(POTENTIALS) as file:
        for population, size in zip(POPULATIONS[1:], SIZES[1:]):
            report = file["report"][population]
            steps = report["data"].shape[0]
            assert report["data"].shape == (steps, size)
            assert report["mapping/node_ids"][:].tolist() == list(range(size))
            start, end, dt_ms = report["mapping/time"][:]
            assert start == 0 and dt_ms == DT_MS and end == steps * dt_ms
            for name in ("index_pointers", "index_pointer"):
                assert report[f"mapping/{name}"][:].tolist() == list(range(size + 1))
            potentials[population] = report["data"][:].astype(float)
    return potentials


def check_libsonata(spikes, potentials):
    reader = libsonata.SpikeReader(SPIKES)
    assert sorted(reader.get_population_names()) == sorted(POPULATIONS)
    for population, (times, neurons) in spikes.items():
        assert reader[population].sorting == "by_time"
        assert reader[population].get() == list(zip(neurons.tolist(), times.tolist()))
    report = libsonata.ElementReportReader(POTENTIALS)
    for population, rows in potentials.items():
        assert np.array_equal(report[population].get().data, rows.astype(np.float32))


def check_bmtk(spikes, potentials):
    files = [SPIKES, SPIKES.replace("sim/", "sim-bmtk/"), SPIKES.replace("sim/", "sim-bmtk/").replace(".h5", ".bmtk.csv")]
    for path in files:
        trains = SpikeTrains.load(path)
        # A table of spikes cannot name a population that has none.
        fired = [population for population in POPULATIONS if len(spikes[population][0])]
        assert set(fired) <= set(trains.populations) <= set(POPULATIONS), path
        for population in fired:
            times, neurons = spikes[population]
            assert trains.n_spikes(population) == len(times), path
            for neuron in np.unique(neurons):
                assert np.array_equal(trains.get_times(int(neuron), population=population), times[neurons == neuron]), path
    report = CompartmentReport.load(POTENTIALS)
    assert sorted(report.populations) == sorted(potentials)
    for population, rows in potentials.items():
        assert (report.units(population), report.variable(population), report.dt(population)) == ("1", "v", DT_MS)
        assert np.array_equal(report.data(population=population), rows.astype(np.float32))
        for neuron in range(rows.shape[1]):
            trace = report.data(node_id=neuron, population=population)
            assert np.array_equal(trace, rows[:, neuron : neuron + 1].astype(np.float32))


def recompute(tensors, spikes):
    """The deployed network in plain NumPy: one tap per synapse at the rounded delay, norms from running statistics.

    Returns spikes as `{population: [steps, neurons]}` of 0 and 1, and potentials after the reset in the same shape.
    """
    config = tomllib.loads(Path("run/config.toml").read_text())
    simulation = read_json("simulation.json")
    steps, dt_ms = simulation["steps"], simulation["dt_ms"]
    fired = {"input": np.zeros((steps, SIZES[0]))}
    np.add.at(fired["input"], (np.rint(spikes["input"][0] / dt_ms).astype(int), spikes["input"][1]), 1)
    potentials = {}
    # A sample of 16 cells of 20 ms; every population falls silent half of a window after that before it.
    end = steps - (len(POPULATIONS) - 1) * (LONGEST // 2)
    assert (fired["input"][end:] == 0).all() and end <= 320 / dt_ms
    for source, target in zip(POPULATIONS, POPULATIONS[1:]):
        end += LONGEST // 2
        weight = tensors[f"{source}->{target}.weight"][:, :, 0].astype(float) / (1 + 1e-7)
        delay = tensors[f"{source}->{target}.delay"][:, :, 0].astype(float)
        # Positions around the window's centre are rounded half to even, as DCLS does.
        tap = (LONGEST // 2 - np.rint(LONGEST // 2 - delay)).astype(int)
        current = np.zeros((steps, weight.shape[0]))
        for lag in range(LONGEST + 1):
            current[lag:] += fired[source][: steps - lag] @ np.where(tap == lag, weight, 0).T
        if target in HIDDEN:
            norm = {part: tensors[f"{target}.norm.{part}"] for part in ("gain", "bias", "running_mean", "running_variance")}
            # Statistics re-estimated for deployed delays stand in for those of training.
            norm |= {part: tensors[f"{target}.deployed.{part}"] for part in ("running_mean", "running_variance") if f"{target}.deployed.{part}" in tensors}
            scale = norm["gain"] / np.sqrt(norm["running_variance"] + np.float32(1e-5))
            current = scale * current + (norm["bias"] - norm["running_mean"] * scale)
        neuron = config["network"]["neuron" if target in HIDDEN else "readout"]
        assert neuron["decay"] == "exact" and not neuron["input_scaling"]
        beta, threshold = math.exp(-dt_ms / neuron["tau_mem_ms"]), neuron.get("threshold", math.inf)
        v = np.zeros(weight.shape[0])
        fired[target], potentials[target] = np.zeros_like(current), np.zeros_like(current)
        for step in range(steps):
            v = beta * v + current[step]
            fired[target][step] = (v >= threshold) & (step < end)
            v = np.where(v >= threshold, 0, v)
            potentials[target][step] = v
    return fired, potentials


def check_recomputed(tensors, spikes, potentials):
    fired, recomputed = recompute(tensors, spikes)
    dt_ms = read_json("simulation.json")["dt_ms"]
    for population in POPULATIONS:
        steps, neurons = np.nonzero(fired[population])
        logged = np.rint(spikes[population][0] / dt_ms).astype(int)
        assert sorted(zip(steps.tolist(), neurons.tolist())) == sorted(set(zip(logged.tolist(), spikes[population][1].tolist()))), population
    for population, rows in potentials.items():
        assert rows.shape == recomputed[population].shape
        error = np.abs(rows - recomputed[population]).max()
        assert error < 1e-5, f"{population}: potentials differ by {error}"
    assert sum(fired[population].sum() for population in HIDDEN) > 0, "a silent network proves nothing"


def check_made_data():
    info = read_json("made.json")
    with h5py.File("made.h5") as file:
        times, units, labels = file["spikes/times"], file["spikes/units"], file["labels"][:]
        assert h5py.check_vlen_dtype(times.dtype) == np.float32 and h5py.check_vlen_dtype(units.dtype) == np.uint16
        assert len(times) == len(units) == len(labels) == info["samples"] == 24
        assert np.bincount(labels).tolist() == [6, 6, 6, 6]
        for sample in range(24):
            assert (np.diff(times[sample]) >= 0).all() and 0 <= times[sample][0] and times[sample][-1] <= 0.2
            assert sorted(units[sample].tolist()) == list(range(12)), "every neuron fires once"
        assert sum(len(row) for row in times) == info["spikes"]


def check_figures():
    figures = sorted(Path("run/plots").iterdir())
    assert len(figures) == 14, figures
    for figure in figures:
        if figure.suffix == ".svg":
            root = ElementTree.parse(figure).getroot()
            assert root.tag == "{http://www.w3.org/2000/svg}svg" and len(list(root.iter())) > 20, figure
        else:
            header = figure.read_bytes()[:24]
            width, height = struct.unpack(">II", header[16:])
            assert header[:8] == b"\x89PNG\r\n\x1a\n" and width > 500 and height > 500, figure


def check_summary(tensors):
    told = {tensor["name"]: tensor for tensor in read_json("best.json")["tensors"]}
    assert {name: tensor["shape"] for name, tensor in told.items()} == {name: list(tensor.shape) for name, tensor in tensors.items()}
    for name, tensor in tensors.items():
        assert np.float32(told[name]["min"]) == tensor.min() and np.float32(told[name]["max"]) == tensor.max(), name


def check_packed():
    with zipfile.ZipFile("run.zip") as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert {"run/config.toml", "run/checkpoints/last.safetensors", "run/plots/raster.png"} <= set(names)
        assert all(archive.read(name) == Path(name).read_bytes() for name in names)


def main():
    check_evaluation()
    check_metrics()
    tensors, spikes, potentials = read_checkpoints(), read_spikes(), read_potentials()
    if libsonata:
        check_libsonata(spikes, potentials)
    if SpikeTrains:
        check_bmtk(spikes, potentials)
    check_recomputed(tensors, spikes, potentials)
    check_made_data()
    check_figures()
    check_summary(tensors)
    check_packed()
    total = sum(len(times) for times, _ in spikes.values())
    others = [name for name, there in (("libsonata", libsonata), ("bmtk", SpikeTrains)) if there]
    also = f", also by {' and '.join(others)}" if others else ""
    print(f"read and computed again: {len(tensors)} tensors, {total} spikes, 14 figures{also}")


main()
