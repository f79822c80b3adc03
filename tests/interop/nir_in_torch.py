"""A chain of LIF neurons as NIR in snnTorch and Norse: which spikes differ from ours, and why.

    nir_in_torch.py SYNFIRE     (the command, built)

Needs torch, nir, nirtorch, snntorch, norse, numpy; the results are in docs/formats.md. Each
program has a time step of its own, which its reader of NIR does not take from the file:

    snnTorch  0.1 ms; v = beta v + I, fires where v > threshold, reset to 0 in the same step
    Norse     1 ms; v = beta v + (1 - beta) I: it ignores r, so that inputs must be scaled

So the chain is written for their steps. Both compute in single precision; synfire in double.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import nir
import norse.torch
import numpy as np
import snntorch.import_nir
import torch

SIZES, STEPS = [20, 16, 8], 400
POPULATION = '[[populations]]\nname = "{name}"\nsize = {size}\n'
NEURON = (
    'neuron = {{ model = "lif", decay = "euler", tau_mem_ms = {tau}, threshold = {threshold}, '
    "input_scaling = {scaled} }}\n"
)


def network(dt_ms, scaled, rng):
    """A network file, and its input `[step, neuron]`."""
    spikes = np.argwhere(rng.random((STEPS, SIZES[0])) < 0.1)
    text = f"dt_ms = {dt_ms}\nduration_ms = {round(STEPS * dt_ms, 6)}\n"
    listed = ", ".join(f"[{round(step * dt_ms, 6)}, {neuron}]" for step, neuron in spikes)
    text += POPULATION.format(name="p0", size=SIZES[0]) + f"spikes = [{listed}]\n"
    for k, size in enumerate(SIZES[1:], 1):
        scale = "true" if scaled else "false"
        threshold = 0.2 if scaled else 1.0
        text += POPULATION.format(name=f"p{k}", size=size)
        text += NEURON.format(tau=10 * dt_ms, threshold=threshold, scaled=scale)
    for k, (pre, post) in enumerate(zip(SIZES, SIZES[1:])):
        weights = rng.normal(0.15, 0.4, (post, pre))
        synapses = ", ".join(
            f"{{ pre = {j}, post = {i}, weight = {float(weights[i, j])!r}, delay_ms = 0.0 }}"
            for i in range(post)
            for j in range(pre)
        )
        text += f'[[projections]]\nsource = "p{k}"\ntarget = "p{k + 1}"\nsynapses = [{synapses}]\n'
    return text, spikes


def ours(synfire, folder, text, dt_ms):
    (folder / "chain.toml").write_text(text)
    for command in (
        ["export", "chain.toml", "--to", "nir", "--out", "chain.nir"],
        ["simulate", "chain.toml", "--logs", "npz"],
    ):
        subprocess.run([synfire, *command], cwd=folder, check=True, capture_output=True)
    log = np.load(folder / "chain.spikes.npz")
    fired = []
    for k, size in enumerate(SIZES[1:], 1):
        table = np.zeros((STEPS, size), bool)
        table[np.round(log[f"p{k}/times_ms"] / dt_ms).astype(int), log[f"p{k}/neurons"]] = True
        fired.append(table)
    return fired


def compare(name, wanted, got):
    for k, (wanted, got) in enumerate(zip(wanted, got), 1):
        differing = np.argwhere(wanted != got)
        first = f", first at step {differing[0][0]}" if len(differing) else ""
        print(f"{name}: population {k}: {wanted.sum()} spikes, {len(differing)} differ{first}")


def in_snntorch(graph, frames):
    """Layer by layer, as the graph has them: its importer of whole graphs wants names of its own."""
    convert = snntorch.import_nir._nir_to_snntorch_module
    layers = [convert(node, hack_w_scale=False) for node in chain(graph)]
    return run(layers, frames, lambda layer: layer.init_leaky())


def in_norse(graph, frames):
    convert = norse.torch.utils.import_nir._import_norse_module
    return run([convert(node) for node in chain(graph)], frames, lambda layer: None)


def chain(graph):
    """The nodes between input and output, in their order."""
    after = dict(graph.edges)
    name = next(name for name, node in graph.nodes.items() if isinstance(node, nir.Input))
    nodes = []
    while not isinstance(graph.nodes[after[name]], nir.Output):
        name = after[name]
        nodes.append(graph.nodes[name])
    return nodes


def run(layers, frames, rest):
    states = [None if isinstance(layer, torch.nn.Linear) else rest(layer) for layer in layers]
    fired = [[] for layer in layers if not isinstance(layer, torch.nn.Linear)]
    with torch.no_grad():
        for frame in frames:
            x, k = frame, 0
            for index, layer in enumerate(layers):
                if isinstance(layer, torch.nn.Linear):
                    x = layer(x)
                    continue
                x, states[index] = layer(x, states[index])
                fired[k].append(x.numpy().ravel() > 0)
                k += 1
    return [np.array(spikes) for spikes in fired]


def main():
    synfire = str(Path(sys.argv[1]).resolve())
    programs = ("snnTorch", 0.1, False, in_snntorch), ("Norse", 1.0, True, in_norse)
    for name, dt_ms, scaled, program in programs:
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            text, spikes = network(dt_ms, scaled, np.random.default_rng(0))
            wanted = ours(synfire, folder, text, dt_ms)
            frames = torch.zeros(STEPS, 1, SIZES[0])
            frames[spikes[:, 0], 0, spikes[:, 1]] = 1
            compare(name, wanted, program(nir.read(folder / "chain.nir"), frames))


main()
