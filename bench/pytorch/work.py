"""What the baseline can be asked to do, each as a user of PyTorch writes it: eager, batch by batch, PyTorch's defaults."""
import json
import os
import time

import numpy as np
import torch
import torch.nn.functional as F

import losses
from resnet import build

EPSILON, STEP = 8 / 255, 2 / 255


class LongTailed(torch.utils.data.Dataset):
    """Random images of a long-tailed set's shape and labels, each image cropped and mirrored on its own."""

    def __init__(self, counts, side):
        self.labels, self.side = np.repeat(np.arange(len(counts)), counts), side
        shape = (len(self.labels), 3, side, side)
        self.images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        image = F.pad(torch.from_numpy(self.images[index]), (4, 4, 4, 4))
        top, left = torch.randint(0, 9, (2,)).tolist()
        image = image[:, top : top + self.side, left : left + self.side]
        if torch.rand(()) < 0.5:
            image = image.flip(2)
        return image.float() / 255, int(self.labels[index])


def perturb(model, x, steps, objective, clamp_start=False, noise=None):
    """PGD on a batch: one forward and one backward pass to the images for each step."""
    noise = torch.empty_like(x).uniform_(-EPSILON, EPSILON) if noise is None else noise
    x_adv = x + noise
    if clamp_start:
        x_adv = x_adv.clamp(0, 1)
    for _ in range(steps):
        x_adv.requires_grad_()
        loss = objective(model(x_adv))
        gradient = torch.autograd.grad(loss, [x_adv])[0]
        x_adv = x_adv.detach() + STEP * gradient.sign()
        x_adv = torch.min(torch.max(x_adv, x - EPSILON), x + EPSILON).clamp(0, 1)
    return x_adv.detach()


class TrainStep:
    def __init__(self, spec):
        self.counts, self.steps, self.method = spec["counts"], spec["attackSteps"], spec["method"]
        self.device = spec.get("device", "cpu")
        self.steps_a_run = spec.get("steps", 1)
        self.vectorised = spec.get("tail", "loop") == "vectorised"
        self.model = build(spec["model"], len(self.counts)).to(self.device)
        runs = spec.get("baseline", "eager")
        self.layout = torch.contiguous_format if runs == "eager" else torch.channels_last
        self.model.to(memory_format=self.layout)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
        # With a GPU the images are prepared by loader processes, as is usual.
        beside = {} if self.device == "cpu" else dict(num_workers=4, pin_memory=True, persistent_workers=True)
        self.loader = torch.utils.data.DataLoader(
            LongTailed(self.counts, spec.get("side", 32)), spec["batchSize"], shuffle=True, **beside
        )
        self.batches = iter(self.loader)
        self.predicted = [0] * len(self.counts)
        if runs == "compiled":
            self.model.compile()

    def batch(self):
        x, y = next(self.batches, (None, None))
        if x is None or len(x) < self.loader.batch_size:
            self.batches = iter(self.loader)
            x, y = next(self.batches)
        x = x.to(self.device, non_blocking=True, memory_format=self.layout)
        return x, y.to(self.device, non_blocking=True)

    def run(self):
        for _ in range(self.steps_a_run):
            values = self.step()
        return values

    def step(self):
        model, counts = self.model, self.counts
        x, y = self.batch()
        model.eval()
        with torch.no_grad():
            clean = model(x)
        clean_loss = F.cross_entropy(clean, y).item()
        if self.method == "reat":
            objective = lambda logits: losses.rebalanced(logits, y, counts, counts)
        else:
            objective = lambda logits: F.cross_entropy(logits, y)
        x_adv = perturb(model, x, self.steps, objective)
        model.train()
        self.optimizer.zero_grad()
        if self.method == "reat":
            features, logits = model(x_adv, with_features=True)
            tail = losses.tail_vectorised if self.vectorised else losses.tail
            loss = losses.balanced_softmax(logits, y, counts) + tail(features, y, counts)
        else:
            logits = model(x_adv)
            loss = losses.balanced_softmax(logits, y, counts)
        loss.backward()
        self.optimizer.step()
        predictions = logits.argmax(1)
        if self.vectorised:
            found = predictions.bincount(minlength=len(counts)).tolist()
            self.predicted = [before + now for before, now in zip(self.predicted, found)]
        else:
            for k in predictions:
                self.predicted[k.item()] += 1
        return {
            "loss": loss.item(),
            "cleanLoss": clean_loss,
            "cleanCorrect": clean.argmax(1).eq(y).sum().item(),
            "adversarialCorrect": predictions.eq(y).sum().item(),
        }


class AttackPass:
    """Attack steps alone, in eval mode, as training has them."""

    def __init__(self, spec):
        torch.manual_seed(0)
        self.steps = spec["attackSteps"]
        self.model = build(spec["model"], spec["classes"]).eval()
        self.x = torch.rand(spec["batchSize"], 3, 32, 32)
        self.y = torch.randint(0, spec["classes"], (spec["batchSize"],))

    def run(self):
        perturb(self.model, self.x, self.steps, lambda logits: F.cross_entropy(logits, self.y))
        return {}


class Evaluation:
    """Clean and PGD-20 accuracy of given weights on given images."""

    def __init__(self, spec):
        tensors = read_safetensors(spec["file"])
        self.images, self.labels = tensors.pop("images"), tensors.pop("labels")
        self.model = build(spec["model"], spec["classes"])
        self.model.load_state_dict(tensors)
        self.model.eval()
        self.steps, self.batch_size, self.seeds = spec["attackSteps"], spec["batchSize"], spec["seeds"]

    def run(self):
        clean, robust = 0, 0
        for index, begin in enumerate(range(0, len(self.images), self.batch_size)):
            x = self.images[begin : begin + self.batch_size].float() / 255
            y = self.labels[begin : begin + self.batch_size]
            generator = torch.Generator().manual_seed(self.seeds[index])
            noise = torch.rand(x.shape, generator=generator) * (2 * EPSILON) - EPSILON
            x_adv = perturb(self.model, x, self.steps, lambda z: F.cross_entropy(z, y), True, noise)
            with torch.no_grad():
                clean += self.model(x).argmax(1).eq(y).sum().item()
                robust += self.model(x_adv).argmax(1).eq(y).sum().item()
        return {"clean": clean, "robust": robust}


class Tail:
    """Value and gradient of TAIL for a batch of features."""

    def __init__(self, spec):
        torch.manual_seed(0)
        self.counts, size = spec["counts"], spec["batchSize"]
        self.features = torch.rand(size, spec["features"])
        shares = torch.tensor(self.counts, dtype=torch.float64)
        self.labels = torch.multinomial(shares, size, replacement=True)

    def run(self):
        features = self.features.detach().requires_grad_()
        term = losses.tail(features, self.labels, self.counts)
        if torch.is_tensor(term):
            torch.autograd.grad(term, [features])
        return {}


class Photographs:
    """One epoch of windows of photographs in a folder, mirrored half the time, by a DataLoader."""

    def __init__(self, spec):
        # Only this work needs it.
        from torchvision import datasets, transforms

        steps = [transforms.RandomResizedCrop(spec["side"]), transforms.RandomHorizontalFlip(), transforms.ToTensor()]
        images = datasets.ImageFolder(os.path.join(spec["folder"], "train"), transforms.Compose(steps))
        size, workers = spec["batchSize"], spec["workers"]
        self.loader = torch.utils.data.DataLoader(images, batch_size=size, shuffle=True, num_workers=workers)

    def run(self):
        return {"images": sum(len(labels) for _, labels in self.loader)}


def read_safetensors(path):
    kinds = {"F32": np.float32, "I64": np.int64, "U8": np.uint8}
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            array = np.frombuffer(data[begin:end], kinds[entry["dtype"]]).reshape(entry["shape"])
            tensors[name] = torch.from_numpy(array.copy())
    return tensors


WORKS = {
    "train-step": TrainStep,
    "attack": AttackPass,
    "evaluation": Evaluation,
    "tail": Tail,
    "photographs": Photographs,
}


def wait_for(work):
    device = getattr(work, "device", "cpu")
    if device != "cpu":
        torch.cuda.synchronize(device)


def timed(work):
    wait_for(work)
    began = time.perf_counter()
    values = work.run()
    wait_for(work)
    return {"seconds": time.perf_counter() - began, "values": values}
