"""From a request to its reply, as `HttpRestApiHandler::ProcessRequest`; knows no HTTP server."""

import json
from threading import Lock
from typing import Any

from edge_emotion_device.serving import json_tensors
from edge_emotion_device.serving.paths import Asked
from edge_emotion_device.serving.refusal import invalid
from edge_emotion_device.serving.registry import Registry
from edge_emotion_device.serving.signatures import DEFAULT, PREDICT_METHOD


class Handler:
    """Answers with what a registry serves; from several threads at once."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        # One body at a time becomes Python's objects, which take 25 times its size; threads would
        # gain nothing here, because the parser keeps Python's lock.
        self._parsing = Lock()

    def question(self, asked: Asked) -> bytes:
        """The reply to a GET.

        Raises:
            Refusal: there is no such model.
        """
        table = self._metadata(asked) if asked.verb == "metadata" else self._status(asked)
        return json.dumps(table, indent=1).encode()

    def prediction(self, asked: Asked, body: bytes | bytearray) -> bytes:
        """The reply to a POST.

        Raises:
            Refusal: the request cannot be answered.
        """
        if asked.verb != "predict":
            return self._examples(asked, body)
        with self._parsing:
            document = json_tensors.parse_object(body)
            name = json_tensors.signature_name(document) or DEFAULT
            _, servable = self._registry.find(asked)
            if name not in servable.signatures:
                raise invalid(f'Serving signature name: "{name[:200]}" not found in signature def')
            signature = servable.signatures[name]
            tensor, in_rows = json_tensors.request_tensor(document, signature.given)
            del document
        return json_tensors.reply(servable.predict(signature, tensor), in_rows)

    def _examples(self, asked: Asked, body: bytes | bytearray) -> bytes:
        """`classify` and `regress`: our models have signatures for neither."""
        with self._parsing:
            document = json_tensors.parse_object(body)
            name = json_tensors.signature_name(document) or DEFAULT
            json_tensors.examples(document)
        _, servable = self._registry.find(asked)
        if name not in servable.signatures:
            raise invalid(f"No signature was found with the name: {name[:200]}")
        kind = {"classify": "classification", "regress": "regression"}[asked.verb]
        raise invalid(
            f"Expected {kind} signature method_name to be tensorflow/serving/{asked.verb}. "
            f"Was: {PREDICT_METHOD}"
        )

    def _status(self, asked: Asked) -> dict[str, Any]:
        return {
            "model_version_status": [
                {
                    "version": str(version),
                    "state": "AVAILABLE" if trouble is None else "END",
                    "status": {
                        "error_code": "INVALID_ARGUMENT" if trouble else "OK",
                        "error_message": trouble or "",
                    },
                }
                for version, trouble in self._registry.states(asked).items()
            ]
        }

    def _metadata(self, asked: Asked) -> dict[str, Any]:
        version, servable = self._registry.find(asked)
        signatures = {name: known.as_dict() for name, known in servable.signatures.items()}
        return {
            "model_spec": {"name": asked.name, "signature_name": "", "version": str(version)},
            "metadata": {"signature_def": {"signature_def": signatures}},
        }
