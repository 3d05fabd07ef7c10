import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_emotion.quantization import TensorSpec

SHAPE = (1, 5)

integer_specs = st.builds(
    TensorSpec,
    shape=st.just(SHAPE),
    dtype=st.sampled_from(["uint8", "int8", "int16"]),
    scale=st.floats(1e-4, 10),
    zero_point=st.integers(-100, 100),
).filter(lambda spec: spec.zero_point >= np.iinfo(spec.dtype).min)


@given(integer_specs, st.data())
def test_a_value_in_range_comes_back_within_half_a_step(spec: TensorSpec, data: st.DataObject):
    limits = np.iinfo(spec.dtype)
    low, high = (spec.scale * (limit - spec.zero_point) for limit in (limits.min, limits.max))
    real = np.array([data.draw(st.floats(low, high))], np.float32)
    returned = spec.dequantize(spec.quantize(real))
    rounding = 1e-5 * max(abs(low), abs(high))
    assert abs(float(returned[0] - real[0])) <= spec.scale / 2 + rounding


@given(integer_specs)
def test_every_quantized_value_is_its_own_round_trip(spec: TensorSpec):
    limits = np.iinfo(spec.dtype)
    every = np.arange(limits.min, limits.max + 1).astype(spec.dtype)
    assert (spec.quantize(spec.dequantize(every)) == every).all()


@given(integer_specs)
def test_values_beyond_the_range_saturate(spec: TensorSpec):
    limits = np.iinfo(spec.dtype)
    quantized = spec.quantize(np.array([-1e9, 1e9], np.float32))
    assert quantized.dtype == spec.dtype
    assert quantized.tolist() == [limits.min, limits.max]


def test_gray_bytes_are_their_own_quantization():
    spec = TensorSpec((1, 48, 48, 1), "uint8", scale=0.003921568859368563, zero_point=0)
    grays = np.arange(256, dtype=np.uint8)
    assert (spec.quantize(grays.astype(np.float32) / 255) == grays).all()


def test_float_tensors_pass_through():
    spec = TensorSpec(SHAPE, "float32")
    real = np.array([-1.5, 0.25], np.float32)
    assert spec.quantize(real).dtype == spec.dequantize(real).dtype == np.float32
    assert (spec.quantize(real) == real).all()
    assert (spec.dequantize(real) == real).all()


def test_a_spec_is_read_from_an_interpreters_details():
    details = {
        "name": "probabilities",
        "shape": np.array([1, 5], np.int32),
        "dtype": np.int8,
        "quantization": (0.00390625, -128),
    }
    assert TensorSpec.of(details) == TensorSpec((1, 5), "int8", 0.00390625, -128)


def test_a_float_tensor_has_no_scale_as_in_an_interpreters_details():
    details = {"shape": np.array([1, 5]), "dtype": np.float32, "quantization": (0.0, 0)}
    assert TensorSpec.of(details) == TensorSpec((1, 5), "float32")


@pytest.mark.parametrize(
    ("dtype", "scale", "message"),
    [
        ("float64", 1.0, "expected uint8"),
        ("uint8", 0.0, "expected above 0"),
        ("int8", -1.0, "expected above 0"),
        ("int8", float("nan"), "expected above 0"),
    ],
)
def test_a_spec_that_cannot_be_is_refused(dtype: str, scale: float, message: str):
    with pytest.raises(ValueError, match=message):
        TensorSpec(SHAPE, dtype, scale)
