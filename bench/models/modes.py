"""Every mode of quantization, made from one float network: by the quantizer's recipes, and float16 by the converter's own form."""
import collections

from . import flat, widths
from .flat import schema

Mode = collections.namedtuple("Mode", "name what recipe")


def recipe_of(mode, activations=None, weights=None, ends=None):
    """A recipe: `mode` is dynamic, weight_only or static. Bits of activations and weights; `ends` is the type of inputs and outputs, where the quantizer is to make another than the activations'."""
    from ai_edge_quantizer import qtyping, recipe, recipe_manager

    every, config = qtyping.TFLOperationName.ALL_SUPPORTED, qtyping.OpQuantizationConfig
    if mode == "weight_only":
        return recipe.weight_only_wi8_afp32() if weights == 8 else recipe.weight_only_wi4_afp32()
    if mode == "dynamic":
        return {8: recipe.dynamic_wi8_afp32, 4: recipe.dynamic_wi4_afp32, "4 in blocks": recipe.dynamic_wi4b32_afp32}[weights]()
    rules = recipe_manager.RecipeManager()
    rules.add_static_config(regex=".*", operation_name=every, activation_num_bits=activations, weight_num_bits=8)
    if weights == 4:  # where the quantizer has it: the other operators keep 8 bits
        for op in (qtyping.TFLOperationName.FULLY_CONNECTED, qtyping.TFLOperationName.CONV_2D):
            rules.add_static_config(regex=".*", operation_name=op, activation_num_bits=activations, weight_num_bits=4)
    for op in (qtyping.TFLOperationName.INPUT, qtyping.TFLOperationName.OUTPUT) if ends else ():
        if ends == "float":
            rules.add_quantization_config(regex=".*", operation_name=op, algorithm_key="no_quantize")
        else:
            tensor = qtyping.TensorQuantizationConfig
            rules.add_quantization_config(regex=".*", operation_name=op, algorithm_key="min_max_uniform_quantize", op_config=config(
                activation_tensor_config=tensor(num_bits=8, symmetric=False, granularity=qtyping.QuantGranularity.TENSORWISE, dtype=qtyping.TensorDataType.UINT),
                weight_tensor_config=tensor(num_bits=8, symmetric=True, granularity=qtyping.QuantGranularity.CHANNELWISE),
                compute_precision=qtyping.ComputePrecision.INTEGER))
    return rules.get_quantization_recipe()


# In the order of the table. The first two need no recipe.
MODES = [
    Mode("float32", "as it was trained", None),
    Mode("float16", "float16 weights", None),
    Mode("dynamic int8", "int8 weights, activations quantized at run time", dict(mode="dynamic", weights=8)),
    Mode("dynamic int4", "int4 weights of matrix products and convolutions, activations quantized at run time", dict(mode="dynamic", weights=4)),
    Mode("dynamic int4 b32", "int4 weights of matrix products, a scale for every 32, activations quantized at run time", dict(mode="dynamic", weights="4 in blocks")),
    Mode("weight-only int8", "int8 weights, float arithmetic", dict(mode="weight_only", weights=8)),
    Mode("weight-only int4", "int4 weights, float arithmetic", dict(mode="weight_only", weights=4)),
    Mode("int8, float ends", "full integer, float inputs and outputs", dict(mode="static", activations=8, weights=8, ends="float")),
    Mode("int8", "integer alone, int8 inputs and outputs", dict(mode="static", activations=8, weights=8)),
    Mode("int8, uint8 ends", "integer alone, uint8 inputs and outputs", dict(mode="static", activations=8, weights=8, ends="uint8")),
    Mode("int8 x int4", "int8 activations, int4 weights of matrix products and convolutions", dict(mode="static", activations=8, weights=4)),
    Mode("16x8", "int16 activations, int8 weights, int16 inputs and outputs", dict(mode="static", activations=16, weights=8)),
    Mode("16x8, float ends", "int16 activations, int8 weights, float inputs and outputs", dict(mode="static", activations=16, weights=8, ends="float")),
]
# Networks that were trained for quantization lie beside the float one, if anywhere.
TRAINED = {"qat": "qat int8", "qat4": "qat int4"}


def key(name):
    """A mode's name as a file's."""
    return name.replace(", ", "_").replace(" ", "_")


def is_quantized(model):
    """Has the model integer tensors that stand for real numbers?"""
    kinds = schema.TensorType
    scaled = lambda q: q is not None and ((q.scale is not None and len(q.scale) > 0) or q.details is not None)
    return any(t.type in (kinds.INT8, kinds.UINT8, kinds.INT16, kinds.INT4) and scaled(t.quantization) for g in model.subgraphs for t in g.tensors)


def float_model(path):
    """The float network at `path` with float32 constants, or ValueError with what it is instead."""
    try:
        model = flat.load(path)
    except Exception as error:
        raise ValueError(f"{path}: not a .tflite model ({error})") from None
    if is_quantized(model):
        raise ValueError(f"{path} is quantized already; the modes are made from a float32 or float16 network")
    model = widths.to_float32(model)
    widths.lift_dead_channels(model)
    return model


def quantize(float32_path, out, recipe, samples):
    """`samples`: a list of the inputs' arrays, a list for each sample, in the order of the signature."""
    from ai_edge_quantizer import quantizer

    text = lambda s: s.decode() if isinstance(s, bytes) else s
    signature = flat.load(float32_path).signatureDefs[0]
    names = [text(entry.name) for entry in signature.inputs]
    part = out.with_suffix(".part")
    part.unlink(missing_ok=True)
    with widths.quiet(out.with_suffix(".log")):
        q = quantizer.Quantizer(str(float32_path), recipe)
        stats = q.calibrate({text(signature.signatureKey): [dict(zip(names, x)) for x in samples]}, num_threads=2) if q.need_calibration else None
        q.quantize(stats, serialize_to_path=str(part), enable_progress_bar=False, enable_progress_report=False)
    part.rename(out)


def make_all(source, out, samples, only=None):
    """Writes the network's modes into the folder `out`. A list of (mode's name, path or None, why there is none)."""
    model = float_model(source)
    single = out / "float32.tflite"
    flat.save(model, single)
    made = []
    for mode in MODES:
        if only and mode.name not in only:
            continue
        path, why = out / f"{key(mode.name)}.tflite", ""
        try:
            if mode.name == "float16":
                flat.save(widths.to_float16(model), path)
            elif mode.recipe:
                quantize(single, path, recipe_of(**mode.recipe), samples)
        except Exception as error:
            path, why = None, f"the quantizer refuses: {(str(error).strip() or type(error).__name__).splitlines()[0].split('Error: ')[-1][:160]}"
        if path and mode.recipe and not is_quantized(flat.load(path)):
            path, why = None, "no operator of this network takes it"
        made.append((mode.name, path, why))
    name = source.name.removesuffix(".tflite").removesuffix(".float32")
    for ending, title in TRAINED.items():
        trained = source.with_name(f"{name}.{ending}.tflite")
        if trained.exists() and (not only or title in only):
            made.append((title, trained, ""))
    return made
