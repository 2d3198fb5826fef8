"""The losses of REAT as its paper and its released code have them: RBL, balanced softmax, TAIL as a loop over tail samples."""
import numpy as np
import torch
import torch.nn.functional as F


def balanced_softmax(logits, labels, counts):
    prior = torch.tensor(counts, dtype=logits.dtype, device=logits.device).unsqueeze(0)
    return F.cross_entropy(logits + prior.log(), labels)


def rebalanced(logits, labels, counts, predicted):
    """Cross entropy weighted by the effective number of adversarial examples predicted as each class."""
    weights = np.zeros(len(counts), dtype=np.float32)
    for k in range(len(counts)):
        beta = (counts[k] - 1.0) / counts[k]
        weights[k] = 1.0 / ((1.0 - beta ** predicted[k]) / (1.0 - beta) + 1e-5)
    weights = weights / weights.sum() * len(counts)
    return F.cross_entropy(logits, labels, weight=torch.from_numpy(weights).to(logits.device))


def tail(features, labels, counts):
    """Features of tail samples kept apart from other classes': one divergence from the whole batch for each tail sample."""
    total = sum(counts)
    weights = [(total / count) ** 0.5 for count in counts]
    first = len(counts) // 3 * 2 + 1
    term, samples = 0.0, 0
    for i in range(labels.size(0)):
        if labels[i].item() < first:
            continue
        same = torch.tensor(
            [-1.0 if labels[i].item() == label.item() else 1.0 for label in labels], device=features.device
        )
        pair = torch.tensor(
            [weights[labels[i].item()] + weights[label.item()] for label in labels], device=features.device
        )
        anchor = features[i].detach().unsqueeze(0).expand_as(features).softmax(1)
        term = term + F.kl_div(features.log_softmax(1), anchor, reduction="mean") * same * pair
        samples += 1
    return term.mean() / samples if samples > 0 else 0.0


def tail_vectorised(features, labels, counts):
    """The same term without a loop over samples and without reading a label back."""
    total = sum(counts)
    weights = torch.tensor([(total / count) ** 0.5 for count in counts], device=features.device)[labels]
    is_tail = labels >= len(counts) // 3 * 2 + 1
    anchors = features.detach().softmax(1)
    # The divergences of all pairs at once: a sum over features is a product of matrices.
    entropies = (anchors * anchors.log()).sum(1, keepdim=True)
    divergences = entropies - anchors @ features.log_softmax(1).t()
    signs = torch.where(labels.unsqueeze(1) == labels, -1.0, 1.0)
    pairs = signs * (weights.unsqueeze(1) + weights)
    per_sample = divergences.mean(1) / features.size(1) * pairs.mean(1) * is_tail
    return per_sample.sum() / is_tail.sum().clamp(min=1)
