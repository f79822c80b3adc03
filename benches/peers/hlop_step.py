"""Times one training step of HLOP as its authors released it, in plain PyTorch on the CPU.

    python3 -m venv venv && venv/bin/pip install torch numpy        # the CPU build is enough
    venv/bin/python hlop_step.py [--task 0 1] [--data FOLDER] [--batch 64] [--steps 6]
                                 [--threads 2] [--repeat 20] [--seed 0] [--copy-rows]
    venv/bin/python hlop_step.py --train 300 --data FOLDER          # accuracy 0.94
    venv/bin/python hlop_step.py --self-test [hlop_subspace.json]   # are its formulas right?

The step is that of permuted MNIST, trained by backpropagation through time [Xiao, Meng, Zhang, He
and Lin, "Hebbian learning based orthogonal projection for continual learning of spiking neural
networks", ICLR 2024]. Every layer multiplies the vectors of all steps and samples at once:

- network 784-800-800-10 without bias; the same analog image in each of the steps;
- LIF neuron u <- (1 - 1/tau) u + I, which fires at u >= 1 and then loses 1; nothing is propagated
  through the reset; the slope of a spike is a s (1 - s), s = sigmoid(a (u - 1)), a = 4, tau = 2;
- score: mean over the steps of the currents of the last layer; cross entropy; SGD at rate 0.1;
- lateral circuit H of each layer: five updates in each forward pass, by all vectors and all rows;
- from task 1 on, x of the weight gradient (error x^T) is replaced by x - H_old^T H_old x.

The released code picks rows of H by lists of their numbers, which copies them; here they are views,
unless --copy-rows asks for copies. The numbers are the same, the copies take time.

FOLDER holds the four IDX files of MNIST, plain or `.gz`. Without it images are random numbers, for
which the step takes as long. The old rows of a timed task are random and orthonormal. Denormal
numbers are flushed to zero.

Prints one JSON object. Timing: milliseconds of each repetition and their median, for each task,
whole and in parts (the lateral circuits are part of `forward`). Training: accuracy on the test
images after that many batches of task 0. Self-test: largest differences in 64-bit numbers from the
authors' H and from the projected gradient of plain PyTorch; the exit status is 1 if one exceeds
1e-12.
"""
import argparse
import gzip
import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

SIZES = [784, 800, 800, 10]
TAU, THRESHOLD, SLOPE = 2.0, 1.0, 4.0
LEARNING_RATE = 0.1
CIRCUIT_RATES = [0.001, 0.01, 0.01]
ITERATIONS, MOMENTUM, CLAMP = 5, 0.9, 10.0
ROWS_FIRST = [80, 200, 100]  # of task 0, by layer
ROWS_ADDED = [70, 70, 50, 50, 50, 30, 30, 30, 10]  # to every layer, by tasks 1 to 9
PIXEL_MEAN, PIXEL_DEVIATION = 0.1307, 0.3081
WARM_UP = 3
TOLERANCE = 1e-12
GOLDEN = Path(__file__).resolve().parents[2] / "tests" / "golden" / "hlop_subspace.json"


class Spike(torch.autograd.Function):
    """1 where the potential reaches the threshold; its slope is that of a sigmoid."""

    @staticmethod
    def forward(ctx, distance):
        ctx.save_for_backward(distance)
        return (distance >= 0).to(distance)

    @staticmethod
    def backward(ctx, gradient):
        (distance,) = ctx.saved_tensors
        sigmoid = torch.sigmoid(SLOPE * distance)
        return gradient * SLOPE * sigmoid * (1 - sigmoid)


class ProjectedLinear(torch.autograd.Function):
    """x W^T, whose weight gradient takes `projected` for x. Errors go back through W itself."""

    @staticmethod
    def forward(ctx, x, projected, weight):
        ctx.save_for_backward(projected, weight)
        return x @ weight.t()

    @staticmethod
    def backward(ctx, gradient):
        projected, weight = ctx.saved_tensors
        error = gradient @ weight if ctx.needs_input_grad[0] else None
        return error, None, gradient.t() @ projected


class LateralCircuit:
    """Rows H [rows, inputs] that learn the subspace of a layer's inputs; the first are frozen."""

    def __init__(self, rows, rate, frozen=0, copy=False):
        self.rows, self.rate, self.frozen, self.copy = rows, rate, frozen, copy
        self.velocity = torch.zeros_like(rows)

    def first(self, count):
        """Index of the first rows. A slice gives a view of them, a list a copy."""
        return list(range(count)) if self.copy else slice(count)

    def project(self, x):
        """x [samples, inputs] without its part in the span of the frozen rows."""
        old = self.first(self.frozen)
        return x - x @ self.rows[old].t() @ self.rows[old]

    def learn(self, x):
        """Oja's subspace rule, several times on the same x [samples, inputs]."""
        old, every = self.first(self.frozen), self.first(len(self.rows))
        for _ in range(ITERATIONS):
            y = x @ self.rows[every].t()
            change = (y.t() @ (x - y @ self.rows[every]) / len(x)).clamp(-CLAMP, CLAMP)
            change[old] = 0
            self.velocity = MOMENTUM * self.velocity + (1 - MOMENTUM) * change
            self.rows = self.rows + self.rate * self.velocity


class Network(nn.Module):
    """Three layers without bias, a lateral circuit at the inputs of each."""

    def __init__(self, circuits, steps):
        super().__init__()
        pairs = zip(SIZES[:-1], SIZES[1:])
        self.layers = nn.ModuleList(nn.Linear(n, m, bias=False) for n, m in pairs)
        self.circuits, self.steps = circuits, steps

    def forward(self, images, learn):
        """Scores [samples, classes] of images [samples, pixels]."""
        x = images.repeat(self.steps, 1)
        for index in range(len(self.layers)):
            current = self.current(index, x, learn).view(self.steps, len(images), -1)
            if index + 1 == len(self.layers):
                return current.mean(0)
            x = fire(current).flatten(0, 1)

    def current(self, index, x, learn):
        """Currents of a layer for x [steps * samples, inputs]."""
        circuit, weight = self.circuits[index], self.layers[index].weight
        if learn and circuit.frozen:
            with torch.no_grad():
                projected = circuit.project(x)
            current = ProjectedLinear.apply(x, projected, weight)
        else:
            current = F.linear(x, weight)
        if learn:
            with torch.no_grad():
                circuit.learn(x)
        return current


def fire(current):
    """Spikes of LIF neurons for their currents; both [steps, samples, neurons]."""
    potential, spikes = torch.zeros_like(current[0]), []
    for step in current:
        potential = (1 - 1 / TAU) * potential + step
        spikes.append(Spike.apply(potential - THRESHOLD))
        potential = potential - THRESHOLD * spikes[-1].detach()
    return torch.stack(spikes)


def orthonormal(rows, inputs):
    return nn.init.orthogonal_(torch.empty(rows, inputs))


def rows_before(task):
    """Rows that are frozen in a task, by layer."""
    if task == 0:
        return [0] * len(ROWS_FIRST)
    return [first + sum(ROWS_ADDED[: task - 1]) for first in ROWS_FIRST]


def rows_new(task):
    """Rows that learn in a task, by layer."""
    return ROWS_FIRST if task == 0 else [ROWS_ADDED[task - 1]] * len(ROWS_FIRST)


def network_of(task, steps, copy=False):
    circuits = []
    for old, new, inputs, rate in zip(rows_before(task), rows_new(task), SIZES, CIRCUIT_RATES):
        rows = torch.cat([orthonormal(old, inputs), orthonormal(new, inputs)])
        circuits.append(LateralCircuit(rows, rate, old, copy))
    return Network(circuits, steps)


def train_step(network, optimiser, images, labels):
    """One step. Seconds of its forward pass, its backward pass and its optimiser."""
    start = time.perf_counter()
    loss = F.cross_entropy(network(images, learn=True), labels)
    forward = time.perf_counter()
    loss.backward()
    backward = time.perf_counter()
    optimiser.step()
    optimiser.zero_grad()
    return forward - start, backward - forward, time.perf_counter() - backward


def time_task(task, options):
    batches = batches_of(options)
    network = network_of(task, options.steps, options.copy_rows)
    optimiser = torch.optim.SGD(network.parameters(), lr=LEARNING_RATE)
    for _ in range(WARM_UP):
        train_step(network, optimiser, *next(batches))
    seconds = [
        train_step(network, optimiser, *next(batches)) for _ in range(options.repeat)
    ]
    parts = dict(zip(["forward", "backward", "optimiser"], zip(*seconds)))
    return {
        "rows_old": rows_before(task),
        "rows_new": rows_new(task),
        "step": milliseconds([sum(step) for step in seconds]),
        **{name: milliseconds(part) for name, part in parts.items()},
    }


def milliseconds(seconds):
    return {
        "median_ms": round(1e3 * statistics.median(seconds), 3),
        "all_ms": [round(1e3 * second, 3) for second in seconds],
    }


def read_idx(folder, name):
    """The bytes of an IDX file, in its shape."""
    plain, packed = Path(folder) / name, Path(folder) / f"{name}.gz"
    if plain.is_file():
        data = plain.read_bytes()
    elif packed.is_file():
        data = gzip.decompress(packed.read_bytes())
    else:
        sys.exit(f"{folder}: there is neither {plain.name} nor {packed.name}")
    rank = data[3] if len(data) > 3 else 0
    shape = np.frombuffer(data[4 : 4 + 4 * rank], ">u4").astype(int)
    values = np.frombuffer(data[4 + 4 * rank :], np.uint8)
    if data[:3] != b"\0\0\x08" or len(shape) != rank or values.size != shape.prod():
        sys.exit(f"{folder}: {name} is not a whole IDX file of bytes")
    return values.reshape(shape)


def read_mnist(folder, part):
    """Normalised images [samples, pixels] and labels; `part` is train or t10k."""
    pixels = read_idx(folder, f"{part}-images-idx3-ubyte")
    images = torch.from_numpy(pixels.reshape(len(pixels), -1) / np.float32(255))
    labels = torch.from_numpy(read_idx(folder, f"{part}-labels-idx1-ubyte").astype(np.int64))
    if images.shape != (len(labels), SIZES[0]):
        sys.exit(f"{folder}: {part} has {tuple(pixels.shape)} pixels for {len(labels)} labels")
    return (images - PIXEL_MEAN) / PIXEL_DEVIATION, labels


def batches_of(options):
    """Batches without end: of MNIST in random order, or of random numbers."""
    if not options.data:
        while True:
            images = torch.randn(options.batch, SIZES[0])
            yield images, torch.randint(SIZES[-1], (options.batch,))
    images, labels = read_mnist(options.data, "train")
    if options.batch > len(labels):
        sys.exit(f"--batch is {options.batch}; {options.data} has {len(labels)} images")
    while True:
        for batch in torch.randperm(len(labels)).split(options.batch):
            if len(batch) == options.batch:
                yield images[batch], labels[batch]


def train(options):
    """Accuracy on the test images. Layers see all pixels alike, so their order does not matter."""
    batches = batches_of(options)
    network = network_of(0, options.steps, options.copy_rows)
    optimiser = torch.optim.SGD(network.parameters(), lr=LEARNING_RATE)
    for _ in range(options.train):
        train_step(network, optimiser, *next(batches))
    images, labels = read_mnist(options.data, "t10k")
    with torch.no_grad():
        scores = torch.cat([network(batch, learn=False) for batch in images.split(1000)])
    accuracy = (scores.argmax(1) == labels).double().mean().item()
    return {"batches": options.train, "accuracy": accuracy}


def self_test(golden, copy):
    """Largest differences, by what is compared. Numbers are 64 bits wide."""
    torch.set_default_dtype(torch.float64)
    return {**subspace_differences(golden, copy), **gradient_differences(copy)}


def subspace_differences(golden, copy):
    """Of H after every mini-batch, and of projections, from the authors' values."""
    if not Path(golden).is_file():
        sys.exit(f"{golden}: there is no such file")
    case = json.loads(Path(golden).read_text())["linear"]
    settings = [case["iterations"], case["momentum"], case["clamp"]]
    if settings != [ITERATIONS, MOMENTUM, CLAMP]:
        sys.exit(f"{golden}: iterations, momentum and clamp are {settings}")
    array = lambda value: torch.tensor(value["data"]).reshape(value["shape"])
    learned, projected, changed, frozen = 0.0, 0.0, 0.0, 0
    for task in case["tasks"]:
        start = array(task["start"])
        circuit = LateralCircuit(start, case["lr"], frozen, copy)
        for batch, after in zip(task["batches"], task["after"], strict=True):
            circuit.learn(array(batch))
            learned = max(learned, difference(circuit.rows, array(after)))
        changed = max(changed, difference(circuit.rows[:frozen], start[:frozen]))
        frozen = len(start)
        circuit.frozen = case["tasks"][0]["rows_added"]  # golden projections take these rows only
        out = circuit.project(array(task["probe"]))
        projected = max(projected, difference(out, array(task["projected_out"])))
    return {"rows": learned, "frozen_rows": changed, "projection": projected}


def gradient_differences(copy):
    """Of each layer's gradient in task 1 from G (I - H_old^T H_old), G that of plain PyTorch."""
    network = network_of(1, steps=6, copy=copy)
    images, labels = torch.randn(16, SIZES[0]), torch.randint(SIZES[-1], (16,))
    weights = [layer.weight for layer in network.layers]
    gradients = lambda learn: torch.autograd.grad(
        F.cross_entropy(network(images, learn), labels), weights
    )
    plain = [circuit.project(g) for circuit, g in zip(network.circuits, gradients(False))]
    pairs = zip(gradients(True), plain)
    return {f"gradient_{index}": difference(ours, g) for index, (ours, g) in enumerate(pairs)}


def difference(a, b):
    if a.shape != b.shape:
        sys.exit(f"shapes differ: {tuple(a.shape)} and {tuple(b.shape)}")
    return (a - b).abs().max().item() if a.numel() else 0.0


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", type=int, nargs="+", default=[0, 1], choices=range(10),
                        metavar="N", help="tasks to time, from 0 to 9")
    parser.add_argument("--batch", type=positive, default=64, help="samples of a step")
    parser.add_argument("--steps", type=positive, default=6, help="steps of an image")
    parser.add_argument("--threads", type=positive, default=2)
    parser.add_argument("--repeat", type=positive, default=20, help="training steps that are timed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", metavar="FOLDER", help="the four IDX files of MNIST")
    parser.add_argument("--copy-rows", action="store_true", help="copy rows of H to use them")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--train", type=positive, metavar="N",
                      help="train on N batches of task 0 and test, instead of timing")
    mode.add_argument("--self-test", nargs="?", const=GOLDEN, metavar="FILE",
                      help="compare with hlop_subspace.json and plain PyTorch, instead of timing")
    options = parser.parse_args()
    if options.train and not options.data:
        parser.error("--train needs --data")
    return options


def main():
    options = parse_options()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(options.seed)
    result = {"torch": torch.__version__, "threads": torch.get_num_threads()}
    if options.self_test:
        result["largest_difference"] = self_test(options.self_test, options.copy_rows)
        print(json.dumps(result))
        sys.exit(any(not value <= TOLERANCE for value in result["largest_difference"].values()))
    for name in ["batch", "steps", "copy_rows", "seed", "data"]:
        result[name] = getattr(options, name)
    if options.train:
        result["train"] = train(options)
    else:
        result["task"] = {str(task): time_task(task, options) for task in options.task}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
