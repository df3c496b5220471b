"""The user's own data: arrays x and y of an .npz file, or a folder of images by class. And how samples become a model's input bytes, and its output bytes numbers."""
import collections
import pathlib
import zipfile

import numpy as np

from .models import flat
from .models.flat import schema

KINDS = {schema.TensorType.FLOAT32: np.float32, schema.TensorType.INT8: np.int8, schema.TensorType.UINT8: np.uint8, schema.TensorType.INT16: np.int16,
         schema.TensorType.INT32: np.int32, schema.TensorType.INT64: np.int64, schema.TensorType.BOOL: np.bool_}
PICTURES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"}

# An input or output: scale is None where the numbers stand for themselves.
End = collections.namedtuple("End", "name shape dtype scale zero_point")
# x: a list of arrays [n, ...], one for each input; y: labels [n], targets [n, ...] or None; where: what the samples are, in words.
Samples = collections.namedtuple("Samples", "x y where")


class BadData(Exception):
    """What the user gave cannot be used: the message names the value and the rule."""


def ends(path):
    """The model's inputs and outputs, in the order in which the runtime takes them."""
    try:
        model = flat.load(path)
        graph = model.subgraphs[0]
    except FileNotFoundError:
        raise BadData(f"{path}: no such file") from None
    except Exception as error:
        raise BadData(f"{path}: not a .tflite model ({error})") from None
    signature = next((s for s in model.signatureDefs or [] if s.subgraphIndex == 0), None)

    def end(index):
        t = graph.tensors[index]
        if t.type not in KINDS:
            raise BadData(f"{path}: '{t.name.decode()}' has element type {t.type}, which the bench can neither feed nor read")
        q, scaled = t.quantization, t.type in (schema.TensorType.INT8, schema.TensorType.UINT8, schema.TensorType.INT16)
        scaled = scaled and q is not None and q.scale is not None and len(q.scale) == 1
        return End(t.name.decode(), tuple(int(d) for d in t.shape), np.dtype(KINDS[t.type]), float(np.float32(q.scale[0])) if scaled else None, int(q.zeroPoint[0]) if scaled else 0)

    def chosen(entries, plain):
        return [end(e.tensorIndex) for e in entries] if signature else [end(i) for i in plain]

    return chosen(signature and signature.inputs, graph.inputs), chosen(signature and signature.outputs, graph.outputs)


def load(path, shape, span=(0.0, 1.0)):
    """Samples from an .npz or a folder. `shape` is that of the model's first input, which images are scaled to; `span` is the range that the pixels 0 to 255 become."""
    path = pathlib.Path(path)
    if path.is_dir():
        return load_folder(path, shape, span)
    if not path.exists():
        raise BadData(f"{path}: no such file")
    try:
        arrays = np.load(path, allow_pickle=False)
        names = arrays.files
        arrays = {name: arrays[name] for name in names}
    except (ValueError, OSError, zipfile.BadZipFile, AttributeError):
        raise BadData(f"{path}: neither a folder nor an .npz file of plain arrays (numpy.savez, no objects)") from None
    x = [arrays[n] for n in (["x"] if "x" in names else sorted((n for n in names if n[:1] == "x" and n[1:].isdigit()), key=lambda n: int(n[1:])))]
    if not x:
        raise BadData(f"{path} has arrays {', '.join(names) or '(none)'}: an array x is needed (x0, x1, ... for several inputs), and y for labels")
    y = arrays.get("y")
    for k, a in enumerate(x + ([y] if y is not None else [])):
        if a.dtype.kind not in "fiub":
            raise BadData(f"{path}: array {'y' if k == len(x) else 'x'} has type {a.dtype}: numbers are needed")
        if a.ndim < 1 or len(a) < 1:
            raise BadData(f"{path}: array {'y' if k == len(x) else 'x'} has shape {a.shape}: a first dimension of at least one sample is needed")
        if len(a) != len(x[0]):
            raise BadData(f"{path}: x has {len(x[0])} samples and {'y' if k == len(x) else f'x{k}'} has {len(a)}: the counts must be equal")
    x = [pixels(a, span) if a.dtype == np.uint8 else a for a in x]
    return Samples(x, tidy_labels(path, y), path.name)


def pixels(a, span):
    return (a.astype(np.float32) / 255 * (span[1] - span[0]) + span[0]).astype(np.float32)


def tidy_labels(path, y):
    """Labels as int64 [n]; targets as float32."""
    if y is None:
        return None
    if y.ndim == 2 and y.shape[1] == 1 and y.dtype.kind in "iu":
        y = y[:, 0]
    if y.dtype.kind in "iub":
        if y.ndim != 1:
            raise BadData(f"{path}: array y has integers of shape {y.shape}: labels are needed, one for each sample, or targets as floats")
        if y.min() < 0:
            raise BadData(f"{path}: array y has the label {int(y.min())}: labels start at 0")
        return y.astype(np.int64)
    if not np.isfinite(y).all():
        raise BadData(f"{path}: array y has infinity or NaN: finite targets are needed")
    return y.astype(np.float32)


def load_folder(path, shape, span):
    from PIL import Image, UnidentifiedImageError

    classes = sorted(p for p in path.iterdir() if p.is_dir())
    if not classes:
        raise BadData(f"{path} has no folders: one for each class is needed, with its images in it")
    size = shape + (1,) if len(shape) == 3 else shape
    if len(size) != 4 or size[3] not in (1, 3):
        raise BadData(f"{path} holds images, and the model's input has shape {shape}: [1, height, width] or [1, height, width, 1 or 3] is needed")
    numbered = all(c.name.isdigit() for c in classes)
    x, y = [], []
    for k, folder in enumerate(classes):
        for file in sorted(f for f in folder.iterdir() if f.suffix.lower() in PICTURES):
            try:
                image = Image.open(file).convert("L" if size[3] == 1 else "RGB").resize((size[2], size[1]), Image.Resampling.BILINEAR)
            except (UnidentifiedImageError, OSError) as error:
                raise BadData(f"{file}: not an image ({error})") from None
            x.append(pixels(np.asarray(image).reshape(shape[1:]), span))
            y.append(int(folder.name) if numbered else k)
    if not x:
        raise BadData(f"no images in {path}/*/: files that end in {', '.join(sorted(PICTURES))} are needed")
    return Samples([np.stack(x)], np.array(y), f"{path.name}, {len(classes)} classes")


def fitted(path, inputs, samples):
    """The samples in the model's own shapes: [n, elements] for each input."""
    if len(inputs) != len(samples.x):
        raise BadData(f"{path} has {len(inputs)} inputs and the data {len(samples.x)}: array x for one, x0, x1, ... for several")
    out = []
    for end, a in zip(inputs, samples.x):
        if len(end.shape) > 0 and end.shape[0] not in (1, -1) and len(end.shape) > 1:
            raise BadData(f"{path}: its input '{end.name}' has batch {end.shape[0]}: models of batch 1 are needed")
        want = int(np.prod([abs(d) for d in end.shape]))
        if int(np.prod(a.shape[1:])) != want:
            raise BadData(f"{path}: a sample of x has shape {a.shape[1:]}, {int(np.prod(a.shape[1:]))} values; the input '{end.name}' has shape {end.shape}, {want} values")
        out.append(a.reshape(len(a), want))
    return out


def stored(path, end, values):
    """Real numbers as the input stores them."""
    if end.scale is not None:
        if end.scale <= 0:
            raise BadData(f"{path}: its input '{end.name}' has scale {end.scale}: it must be positive")
        info = np.iinfo(end.dtype)
        return np.clip(np.round(values.astype(np.float32) / np.float32(end.scale)) + end.zero_point, info.min, info.max).astype(end.dtype)
    if end.dtype.kind in "iub" and values.dtype.kind == "f" and not np.array_equal(values, np.round(values)):
        raise BadData(f"{path}: its input '{end.name}' takes integers ({end.dtype}, without a scale), and the data have fractions")
    if end.dtype.kind in "iu" and (values.min() < np.iinfo(end.dtype).min or values.max() > np.iinfo(end.dtype).max):
        raise BadData(f"{path}: its input '{end.name}' takes {end.dtype}, and the data go from {values.min()} to {values.max()}")
    return values.astype(end.dtype)


def write_feed(path, inputs, samples, target):
    """The file that halfbyte-bench --feed reads: the bytes of all inputs, sample after sample."""
    rows = [stored(path, end, a).view(np.uint8).reshape(len(a), -1) for end, a in zip(inputs, fitted(path, inputs, samples))]
    np.concatenate(rows, 1).tofile(target)


def read_outputs(file, outputs, count):
    """What the model made of the samples: an array of real numbers [count, elements] for each output."""
    raw = np.fromfile(file, np.uint8)
    if raw.size == 0 or raw.size % count:
        raise BadData(f"{file}: {raw.size} bytes of outputs for {count} samples: the model's outputs have no fixed size")
    raw, at, out = raw.reshape(count, -1), 0, []
    for end in outputs:
        bytes_each = int(np.prod([abs(d) for d in end.shape])) * end.dtype.itemsize
        values = np.ascontiguousarray(raw[:, at:at + bytes_each]).view(end.dtype)
        out.append((values.astype(np.float32) - end.zero_point) * np.float32(end.scale) if end.scale is not None else values.astype(np.float32))
        at += bytes_each
    if at != raw.shape[1]:
        raise BadData(f"{file}: {raw.shape[1]} bytes of outputs for each sample, and {at} by the model's shapes")
    return out


def judged_output(sizes):
    """Which of the outputs with so many values tells the class: the first with more than one, or else the first."""
    return next((k for k, n in enumerate(sizes) if n > 1), 0)


def check_labels(path, outputs, labels):
    """Has the model as many classes?"""
    sizes = [int(np.prod([abs(d) for d in e.shape])) for e in outputs]
    classes = max(sizes[judged_output(sizes)], 2)
    if labels.max() >= classes:
        raise BadData(f"the label {int(labels.max())} is in the data, and {path} has {classes} classes: 0 to {classes - 1}")


def top1(outputs, labels):
    """The part of the samples whose largest value is the label's; a single value is a yes above a half."""
    values = outputs[judged_output([o.shape[1] for o in outputs])]
    found = values.argmax(1) if values.shape[1] > 1 else (values[:, 0] > 0.5).astype(np.int64)
    return float((found == labels).mean())


def mean_error(outputs, reference):
    """The mean of |difference| over all values, each as a part of the range that the reference's values of the same output have."""
    if len(outputs) != len(reference) or any(o.shape != r.shape for o, r in zip(outputs, reference)):
        raise BadData(f"outputs of shapes {[o.shape for o in outputs]} cannot be compared with {[r.shape for r in reference]}")
    return float(np.mean(np.concatenate([(np.abs(o - r) / max(float(r.max() - r.min()), 1e-12)).reshape(-1) for o, r in zip(outputs, reference)])))
