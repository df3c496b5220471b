"""Makes the networks of bench/bundle: known architectures in four widths, for one image and for 32, as gzip files that together take a few MB.

Groups of 16 output channels share their weights (Net.repeat), so that the files compress. No kernel computes less for it.

usage: python -m bench.models.bundle CACHE_FOLDER OUT_FOLDER [NAME ...]"""
import copy
import gzip
import pathlib
import sys

from . import flat, nets, photos, wheels, widths

NAMES = ["mobilenet_v1", "mobilenet_v2", "resnet50"]
REPEAT, BATCH = 16, 32


def with_batch(model, n):
    """A copy whose run-time tensors have n as their first dimension; shapes given to RESHAPE follow."""
    model = copy.deepcopy(model)
    graph = model.subgraphs[0]
    shapes = {op.inputs[1]: op for op in graph.operators if flat.op_code(model, op) == flat.schema.BuiltinOperator.RESHAPE}
    for index, tensor in enumerate(graph.tensors):
        if index in shapes:
            shape = flat.constant(model, tensor).copy()
            shape[0] = n
            tensor.buffer = flat.add_constant(model, shape)
            shapes[index].builtinOptions.newShape = list(shape)
        elif model.buffers[tensor.buffer].data is None and len(tensor.shape) and is_computed(graph, index):
            tensor.shape = [n] + [int(d) for d in tensor.shape[1:]]
            tensor.shapeSignature = None
    return model


def is_computed(graph, index):
    """An input of the graph, or made from one: not a constant, and not the unpacked copy of one."""
    if index in graph.inputs:
        return True
    made_by = [op for op in graph.operators if index in op.outputs]
    return bool(made_by) and any(is_computed(graph, i) for i in made_by[0].inputs[:1])


def save(model, out, name):
    for batch in (1, BATCH):
        path = out / f"{name.replace('.', f'_b{batch}.', 1)}.tflite"
        flat.save(model if batch == 1 else with_batch(model, batch), path)
        with open(path, "rb") as f, open(f"{path}.gz", "wb") as g, gzip.GzipFile("", "wb", 9, g, mtime=0) as z:
            z.write(f.read())
        path.unlink()


def make(name, cache, out):
    images = photos.samples(cache, 224, 224, 8, -1.0, 1.0)
    model = getattr(nets, name)(images[:3])
    save(widths.to_float16(model), out, f"{name}.float16")
    widths.lift_dead_channels(model)
    single, part = out / f"{name}.float32.tflite", out / f"{name}.part.tflite"
    flat.save(model, single)
    for width, recipe in widths.RECIPES.items():
        if not recipe:
            continue
        widths.quantize(single, part, recipe, images)
        save(flat.load(part), out, f"{name}.{width}")
        part.unlink()
    single.unlink()
    sizes = sum(f.stat().st_size for f in out.glob(f"{name}_*.gz"))
    wheels.say(f"made {name} in {len(widths.RECIPES)} widths: {sizes / 1e6:.1f} MB")


def main():
    cache, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    nets.Net.repeat = REPEAT
    for name in sys.argv[3:] or NAMES:
        make(name, cache, out)


if __name__ == "__main__":
    main()
