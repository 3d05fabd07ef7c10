"""Requests and replies as TensorFlow Serving has them, asked of our server with `requests`.

Each row was derived from TensorFlow Serving's sources of 2022: g3doc/api_rest.md (the interface),
model_servers/http_rest_api_util.cc (paths), util/json_tensor.cc (bodies), core/basic_manager.cc,
model_servers/server_core.cc and get_model_status_impl.cc (models, versions, labels),
servables/tensorflow/classifier.cc and regressor.cc.  A row is the request, the status and the
reply: of a prediction the shape of its numbers, of an error its text.
"""

import base64
import gzip
import json
import shutil
from string import Template

import numpy as np
import pytest
import requests

from edge_emotion.modelfile import shipped_model
from helpers.servers import serving

GRAYS = np.random.default_rng(0).integers(0, 256, (48, 48, 1), np.uint8)
PARTS = {
    "FACE": json.dumps((GRAYS / np.float32(255)).tolist()),
    "GRAYS": json.dumps(GRAYS.tolist()),
    "BASE64": json.dumps({"b64": base64.b64encode(GRAYS.tobytes()).decode()}),
    "SHORT": json.dumps([[[0.5]] * 48] * 47),
    "RAGGED": json.dumps([[[0.5]] * 48] * 47 + [[[0.5]] * 47]),
    "WORD": json.dumps([[[0.5]] * 48] * 47 + [[[0.5]] * 47 + [["x"]]]),
    "TRUE": json.dumps([[[True]] * 48] * 48),
    "HALF": json.dumps([[[0.5]] * 48] * 48),
    "LARGE": json.dumps([[[0.5]] * 96] * 96),
}
ELEMENT = "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: "

PREDICTIONS = [
    # One input needs no name, and one output gets none.
    (":predict", '{"instances": [$FACE]}', {"predictions": (1, 5)}),
    (":predict", '{"instances": [$FACE, $FACE, $FACE]}', {"predictions": (3, 5)}),
    (":predict", '{"instances": [{"faces": $FACE}, {"faces": $FACE}]}', {"predictions": (2, 5)}),
    (":predict", '{"inputs": [$FACE, $FACE]}', {"outputs": (2, 5)}),
    (":predict", '{"inputs": {"faces": [$FACE]}}', {"outputs": (1, 5)}),
    # What else stands in an `inputs` object, or in the request, does not matter.
    (":predict", '{"inputs": {"faces": [$FACE], "more": 1}}', {"outputs": (1, 5)}),
    (":predict", '{"instances": [$FACE], "more": 1}', {"predictions": (1, 5)}),
    # Signatures by name; an empty name is the default.
    (
        ":predict",
        '{"signature_name": "serving_default", "inputs": [$FACE]}',
        {"outputs": (1, 5)},
    ),
    (":predict", '{"signature_name": "", "inputs": [$FACE]}', {"outputs": (1, 5)}),
    (
        ":predict",
        '{"signature_name": "serving_bytes", "instances": [$GRAYS]}',
        {"predictions": (1, 5)},
    ),
    # Versions and labels.
    ("/versions/2:predict", '{"instances": [$FACE]}', {"predictions": (1, 5)}),
    ("/versions/002:predict", '{"instances": [$FACE]}', {"predictions": (1, 5)}),
    ("/labels/stable:predict", '{"instances": [$FACE]}', {"predictions": (1, 5)}),
]

REFUSED_BODIES = [
    # Not JSON, or not an object.
    ("", "JSON Parse error: The document is empty"),
    ("[1, 2]", "JSON Value: [\n    1,\n    2\n] Is not object"),
    ("7", "JSON Value: 7 Is not object"),
    # The keys.
    ("{}", "Missing 'inputs' or 'instances' key"),
    (
        '{"instances": [1], "inputs": [1]}',
        'JSON Value: {\n    "instances": [\n        1\n    ],\n    "inputs": [\n        1\n    ]\n}'
        " Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ",
    ),
    (
        '{"instances": 1}',
        "JSON Value: {\n    \"instances\": 1\n} Excepting 'instances' to be an list/array",
    ),
    (
        '{"instances": []}',
        "JSON Value: {\n    \"instances\": []\n} No values in 'instances' array",
    ),
    (
        '{"signature_name": 100}',
        'JSON Value: {\n    "signature_name": 100\n} not formatted correctly. '
        "'signature_name' key must be a string value.",
    ),
    (
        '{"signature_name": "none", "instances": [$FACE]}',
        'Serving signature name: "none" not found in signature def',
    ),
    # Names of inputs.
    (
        '{"instances": [{"pixels": $FACE}]}',
        "Failed to process element: 0 key: pixels of 'instances' list. "
        "Error: INVALID_ARGUMENT: JSON object: does not have named input: pixels",
    ),
    ('{"inputs": {"pixels": $FACE}}', "Missing named input: faces in 'inputs' object."),
    (
        '{"instances": [{}]}',
        "Failed to process element: 0 of 'instances' list. JSON object: {} "
        "must only have keys: faces",
    ),
    (
        '{"instances": [{"faces": $FACE}, $FACE]}',
        "Expecting object but got list at item 1 of input list",
    ),
    (
        '{"instances": [$FACE, {"faces": $FACE}]}',
        "Expecting value/list but got object at item 1 of input list",
    ),
    # Types.
    (
        '{"instances": ["x"]}',
        ELEMENT + 'JSON Value: "x" Type: String is not of expected type: float',
    ),
    (
        '{"instances": [$WORD]}',
        ELEMENT + 'JSON Value: "x" Type: String is not of expected type: float',
    ),
    (
        '{"instances": [$TRUE]}',
        ELEMENT + "JSON Value: true Type: True is not of expected type: float",
    ),
    ('{"inputs": null}', "JSON Value: null Type: Null is not of expected type: float"),
    (
        '{"signature_name": "serving_bytes", "instances": [$HALF]}',
        ELEMENT + "JSON Value: 0.5 Type: Number is not of expected type: uint8",
    ),
    (
        '{"instances": [$BASE64]}',
        # TensorFlow Serving repeats the whole value.
        ELEMENT
        + "JSON Value: "
        + json.dumps(json.loads(PARTS["BASE64"]), indent=4)[:200]
        + "… Type: Object is not of expected type: float",
    ),
    # Nesting.
    (
        '{"instances": [$RAGGED]}',
        ELEMENT + "Encountered list at unexpected size: 47 at level: 1 expected size: 48",
    ),
    (
        '{"inputs": [[1, 2], 3]}',
        "JSON Value: 3 found at incorrect level: 2 in the JSON DOM. Expected at level: 2",
    ),
    ('{"inputs": [1, [2]]}', "Encountered list at unexpected level: 1 expected < 1"),
    (
        '{"instances": [$FACE, $SHORT]}',
        "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: "
        "Expecting tensor size: 2304 but got: 2256",
    ),
    # Shapes and values: TensorFlow's words for these depend on the graph; ours are our own.
    (
        '{"instances": [$LARGE]}',
        "input faces has the shape [1,96,96,1]; signature serving_default takes [-1,48,48,1]",
    ),
    (
        '{"inputs": 0.5}',
        "input faces has the shape []; signature serving_default takes [-1,48,48,1]",
    ),
    (
        '{"instances": [$GRAYS]}',
        "values from 0 to 255 in faces; signature serving_default takes 0 to 1",
    ),
]

MALFORMED = "Malformed request: {} {}"  # with the method and the path

REFUSED_PATHS = [
    # Paths and methods that mean nothing.
    ("GET", "/v1/foo", 400, MALFORMED),
    ("POST", "/v1/foo", 400, MALFORMED),
    ("GET", "/v1/models", 400, "Missing model name in request."),
    ("POST", "/v1/models", 400, MALFORMED),
    ("GET", "/v1/models/a/b", 400, MALFORMED),
    ("GET", "/v1/models/foo:predict", 400, MALFORMED),
    ("POST", "/v1/models/foo/version/50:regress", 400, MALFORMED),
    ("POST", "/v1/models/foo/versions/HELLO:regress", 400, MALFORMED),
    (
        "POST",
        "/v1/models/foo/versions/18446744073709551615:regress",
        400,
        "Failed to convert version: 18446744073709551615 to numeric.",
    ),
    ("POST", "/v1/models/foo/versions/50/labels/stable:regress", 400, MALFORMED),
    ("POST", "/v1/models/foo/metadata", 400, MALFORMED),
    ("PUT", "/v1/models/emotion_ai", 400, MALFORMED),
    ("DELETE", "/v1/models/emotion_ai", 400, MALFORMED),
    # The path's case does not matter, that of the verb and of the model's name does.
    ("POST", "/v1/models/emotion_ai:PREDICT", 400, MALFORMED),
    (
        "POST",
        "/v1/models/Emotion_AI:predict",
        404,
        "Servable not found for request: Latest(Emotion_AI)",
    ),
    # Models, versions and labels that are not there.
    ("POST", "/v1/models/foo:predict", 404, "Servable not found for request: Latest(foo)"),
    (
        "POST",
        "/v1/models/emotion_ai/versions/99:predict",
        404,
        "Servable not found for request: Specific(emotion_ai, 99)",
    ),
    (
        "POST",
        "/v1/models/emotion_ai/labels/none:predict",
        400,
        "Unrecognized servable version label: none",
    ),
    ("GET", "/v1/models/foo", 404, "Could not find any versions of model foo"),
    (
        "GET",
        "/v1/models/emotion_ai/versions/99",
        404,
        "Could not find version 99 of model emotion_ai",
    ),
    ("GET", "/v1/models/emotion_ai/labels/none", 400, "Unrecognized servable version label: none"),
    ("GET", "/v1/models/foo/metadata", 404, "Servable not found for request: Latest(foo)"),
    # Outside of the interface, where TensorFlow Serving answers in HTML.
    ("GET", "/", 404, "nothing at /; the interface is under /v1/models"),
    ("GET", "/v2/models/foo", 404, "nothing at /v2/models/foo; the interface is under /v1/models"),
]

REFUSED_EXAMPLES = [
    (
        "classify",
        "{}",
        "JSON Value: {} When method is classify, key 'examples' is expected and was not found",
    ),
    (
        "regress",
        '{"examples": 1}',
        "JSON Value: {\n    \"examples\": 1\n} Expecting 'examples' value to be an list/array",
    ),
    (
        "classify",
        '{"examples": []}',
        "JSON Value: {\n    \"examples\": []\n} 'examples' value is an empty array",
    ),
    ("classify", '{"examples": [1]}', "Example must be JSON object but got JSON Number"),
    (
        "classify",
        '{"examples": [{"x": 1.0}]}',
        "Expected classification signature method_name to be tensorflow/serving/classify. "
        "Was: tensorflow/serving/predict",
    ),
    (
        "regress",
        '{"examples": [{"x": 1.0}]}',
        "Expected regression signature method_name to be tensorflow/serving/regress. "
        "Was: tensorflow/serving/predict",
    ),
    (
        "regress",
        '{"signature_name": "none", "examples": [{"x": 1.0}]}',
        "No signature was found with the name: none",
    ),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Serves emotion_ai, version 2, which has the label stable."""
    models = tmp_path_factory.mktemp("models")
    folder = models / "emotion_ai" / "2"
    folder.mkdir(parents=True)
    shutil.copy(shipped_model("emotion"), folder / "model.tflite")
    (models / "emotion_ai" / "stable").symlink_to("2")
    with serving("--models", models) as running:
        yield running.url.removesuffix("/v1/models")


def filled(body: str) -> str:
    return Template(body).substitute(PARTS)


def ask(server: str, method: str, path: str, body: str | None = None) -> requests.Response:
    return requests.request(method, server + path, data=body, timeout=10)


@pytest.mark.parametrize(("path", "body", "expected"), PREDICTIONS)
def test_a_prediction(server, path, body, expected):
    reply = ask(server, "POST", f"/v1/models/emotion_ai{path}", filled(body))

    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/json")
    assert {key: np.shape(value) for key, value in reply.json().items()} == expected


@pytest.mark.parametrize(("body", "message"), REFUSED_BODIES)
def test_a_body_that_is_refused(server, body, message):
    reply = ask(server, "POST", "/v1/models/emotion_ai:predict", filled(body))

    assert (reply.status_code, reply.headers["content-type"]) == (400, "application/json")
    assert reply.json() == {"error": message}


@pytest.mark.parametrize(("method", "path", "status", "message"), REFUSED_PATHS)
def test_a_path_that_is_refused(server, method, path, status, message):
    reply = ask(server, method, path, "{}" if method == "POST" else None)

    assert (reply.status_code, reply.json()) == (status, {"error": message.format(method, path)})


@pytest.mark.parametrize(("verb", "body", "message"), REFUSED_EXAMPLES)
def test_a_model_without_examples(server, verb, body, message):
    reply = ask(server, "POST", f"/v1/models/emotion_ai:{verb}", body)

    assert (reply.status_code, reply.json()) == (400, {"error": message})


@pytest.mark.parametrize(
    "path",
    ["", "/versions/2", "/labels/stable", "/METADATA"],
    ids=["all", "version", "label", "another case"],
)
@pytest.mark.parametrize("prefix", ["/v1/models", "/V1/Models"])
def test_the_status_of_a_model(server, prefix, path):
    reply = ask(server, "GET", f"{prefix}/emotion_ai{path}")

    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/json")
    assert reply.text == (
        "{\n"
        ' "model_version_status": [\n'
        "  {\n"
        '   "version": "2",\n'
        '   "state": "AVAILABLE",\n'
        '   "status": {\n'
        '    "error_code": "OK",\n'
        '    "error_message": ""\n'
        "   }\n"
        "  }\n"
        " ]\n"
        "}"
    )


def test_a_name_may_be_percent_encoded(server):
    assert ask(server, "GET", "/v1/models/emotion%5Fai").status_code == 200
    assert ask(server, "GET", "/v1/models/emotion_ai?verbose=1").status_code == 200


def test_an_error_is_laid_out_as_theirs(server):
    reply = ask(server, "GET", "/v1/models/foo")

    assert reply.text == '{\n    "error": "Could not find any versions of model foo"\n}'


def test_broken_json_is_refused_with_the_place(server):
    reply = ask(server, "POST", "/v1/models/emotion_ai:predict", "instances = [1, 2]")

    assert reply.status_code == 400
    assert reply.json()["error"].startswith("JSON Parse error: ")
    assert reply.json()["error"].endswith(" at offset: 0")


def test_a_body_may_be_zipped(server):
    body = gzip.compress(filled('{"instances": [$FACE]}').encode())
    url = f"{server}/v1/models/emotion_ai:predict"
    reply = requests.post(url, body, headers={"Content-Encoding": "gzip"}, timeout=10)

    assert np.shape(reply.json()["predictions"]) == (1, 5)


def test_the_replies_are_messages_of_tensorflow_serving(server):
    messages = pytest.importorskip(
        "tensorflow_serving.apis.get_model_status_pb2", reason="needs tensorflow-serving-api"
    )
    from google.protobuf.json_format import Parse, ParseDict
    from tensorflow_serving.apis.get_model_metadata_pb2 import SignatureDefMap
    from tensorflow_serving.apis.model_pb2 import ModelSpec

    status = Parse(
        ask(server, "GET", "/v1/models/emotion_ai").text, messages.GetModelStatusResponse()
    )
    [version] = status.model_version_status
    assert (version.version, version.state) == (2, messages.ModelVersionStatus.AVAILABLE)

    metadata = ask(server, "GET", "/v1/models/emotion_ai/metadata").json()
    assert ParseDict(metadata["model_spec"], ModelSpec()).version.value == 2
    known = ParseDict(metadata["metadata"]["signature_def"], SignatureDefMap()).signature_def
    sizes = [size.size for size in known["serving_bytes"].inputs["faces"].tensor_shape.dim]
    assert sizes == [-1, 48, 48, 1]
