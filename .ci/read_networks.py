"""Reads the networks of `exchange/examples/network_cases.rs` with the libraries their users have: read_networks.py FOLDER

SONATA with libsonata and bmtk (left out where they are missing) and h5py, safetensors with NumPy. The synapses must be
those of expected.json, bit by bit; a step of every network is computed from the safetensors and compared.
"""

import json
import os
import sys
from pathlib import Path

import h5py
import numpy as np
from safetensors import safe_open

try:
    import libsonata
except ImportError:
    libsonata = None
try:
    from bmtk.utils import sonata as bmtk_sonata
    from bmtk.utils.sonata.config import SonataConfig
except ImportError:
    bmtk_sonata = None


def check_sonata(folder: Path, expected: dict) -> None:
    dt = expected["dt_ms"]
    with h5py.File(folder / "nodes.h5") as file:
        assert set(file["nodes"]) == set(expected["populations"])
        assert int(file.attrs["magic"]) == 0x0A7A
    if libsonata:
        config = libsonata.CircuitConfig.from_file(str(folder / "circuit_config.json"))
        assert config.node_populations == set(expected["populations"]), config.node_populations
        assert config.edge_populations == set(expected["synapses"]), config.edge_populations
        nodes = libsonata.NodeStorage(str(folder / "nodes.h5"))
        for name, population in expected["populations"].items():
            assert nodes.open_population(name).size == population["size"]
    seen = set()
    for path in sorted(folder.glob("*_edges.h5")):
        with h5py.File(path) as file:
            (name,) = file["edges"]
            group = file["edges"][name]
            columns = [group["source_node_id"], group["target_node_id"], group["0/syn_weight"], group["0/delay"]]
            pre, post, weight, delay = (column[:] for column in columns)
        rows = expected["synapses"][name]
        assert [[int(a), int(b), float(w), round(d / dt)] for a, b, w, d in zip(pre, post, weight, delay)] == rows, name
        seen.add(name)
        if libsonata:
            edges = libsonata.EdgeStorage(str(path)).open_population(name)
            everything = edges.select_all()
            source, target = name.split("->")
            assert (edges.source, edges.target, edges.size) == (source, target, len(rows))
            assert np.array_equal(edges.get_attribute("syn_weight", everything), weight)
            assert np.array_equal(edges.get_attribute("delay", everything), delay)
            assert np.array_equal(edges.source_nodes(everything), pre)
            assert np.array_equal(edges.target_nodes(everything), post)
    assert seen == set(expected["synapses"])
    if bmtk_sonata:
        # bmtk takes relative paths as relative to the working directory.
        os.chdir(folder)
        config = SonataConfig.from_json("circuit_config.json")
        (nodes,) = config.nodes
        for entry in config.edges:
            file = bmtk_sonata.File(
                data_files=[entry["edges_file"], nodes["nodes_file"]],
                data_type_files=[entry["edge_types_file"], nodes["node_types_file"]],
            )
            (population,) = file.edges.populations
            rows = expected["synapses"][population.name]
            got = [[e.source_node_id, e.target_node_id, float(e["syn_weight"]), round(float(e["delay"]) / dt)] for e in population]
            assert got == rows, population.name
            assert set(file.nodes.population_names) == set(expected["populations"])
            models = {node["model_type"] for node in file.nodes[expected["output"]]}
            assert models == {"point_neuron"}, models


def check_safetensors(path: Path, expected: dict) -> None:
    with safe_open(path, "numpy") as file:
        metadata, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}
    network = json.loads(metadata["network"])
    assert metadata["format"] == "synfire network" and float(metadata["dt_ms"]) == expected["dt_ms"]
    current = {}
    for projection in network["projections"]:
        name, source, target = projection["name"], projection["source"], projection["target"]
        weight, delay = tensors[f"{name}.weight"], tensors[f"{name}.delay_steps"]
        if projection["synapses"] == "dense":
            places = np.indices(weight.shape)
            pre, post = places[1].ravel(), places[0].ravel()
        else:
            pre, post = tensors[f"{name}.pre"], tensors[f"{name}.post"]
        rows = [list(row) for row in zip(pre.tolist(), post.tolist(), weight.ravel().tolist(), delay.ravel().tolist())]
        assert rows == expected["synapses"][name], name
        # The potentials of a population follow from the spikes before it, which the engine gave.
        steps, size = expected["steps"], expected["populations"][target]["size"]
        spikes = np.zeros((steps, expected["populations"][source]["size"]))
        for step, neuron in expected["populations"][source]["spikes"]:
            spikes[step, neuron] += 1
        bias = tensors[f"{target}.bias"]
        current.setdefault(target, np.tile(bias, (steps, 1)))
        for a, b, w, d in rows:
            current[target][d:, b] += w * spikes[: steps - d, a] if d < steps else 0
    output = expected["output"]
    potential = np.zeros(expected["populations"][output]["size"])
    for step in range(expected["steps"]):
        potential = tensors[f"{output}.beta"] * potential + tensors[f"{output}.gain"] * current[output][step]
        assert np.allclose(potential, expected["potentials"][step], rtol=0, atol=1e-12)


cases = sorted(Path(sys.argv[1]).resolve().glob("case_*"))
assert cases, "no cases in this folder"
for case in cases:
    expected = json.loads((case / "expected.json").read_text())
    check_sonata(case / "sonata", expected)
    check_safetensors(case / "network.safetensors", expected)
readers = ["h5py", "safetensors"] + ["libsonata"] * bool(libsonata) + ["bmtk"] * bool(bmtk_sonata)
print(f"{len(cases)} networks read as written by {', '.join(readers)}")
