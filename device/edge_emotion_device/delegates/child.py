"""The process in which a delegate, or a model without one, is tried (see trial.py).

It is run as a file and imports nothing of this package, so that it starts quickly.  Stdin brings
one line of JSON and the model; each stage is named on stdout before it begins, an error is one line
of JSON behind the last of them.
"""

import ctypes
import importlib
import json
import os
import resource
import signal
import sys


def main() -> None:
    """Open the delegate, prepare the model, run it once, and close."""
    report = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)  # what the library prints is no report
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    request = json.loads(sys.stdin.buffer.readline())
    flatbuffer = sys.stdin.buffer.read()
    signal.alarm(request["limit_s"])  # should the one that waits for this process be gone
    sys.path[:] = request["sys_path"]
    try:
        if request["library"]:
            print("load", file=report)
            library = ctypes.CDLL(request["library"])
            _ = library.tflite_plugin_create_delegate, library.tflite_plugin_destroy_delegate
        runtime = importlib.import_module(request["runtime"])
        delegates = []
        if request["library"]:
            print("create", file=report)
            delegates = [runtime.load_delegate(request["library"], request["options"])]
        print("prepare", file=report)
        interpreter = runtime.Interpreter(
            model_content=flatbuffer, experimental_delegates=delegates
        )
        interpreter.allocate_tensors()
        print("invoke", file=report)
        interpreter.invoke()
        print("close", file=report)
        del interpreter, delegates
        print("done", file=report)
    except Exception as error:
        print(json.dumps({"error": str(error)}), file=report)
    report.flush()
    os._exit(0)  # without the end of the library's static objects


if __name__ == "__main__":
    main()
