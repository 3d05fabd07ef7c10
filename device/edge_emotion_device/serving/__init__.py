"""`edge-emotion serve`: the int8 networks behind TensorFlow Serving's REST interface.

From a request to its reply: `http.protocol` (connections) → `app` (bodies, limits) → `workers` →
`handler`, which asks `paths` what is meant, `registry` for the model, `json_tensors` for the input,
`servable` for the answer.  What is said of TensorFlow Serving here was read in its sources of 2022,
below tensorflow_serving/: g3doc/api_rest.md, util/json_tensor.cc, and in model_servers/
http_rest_api_util.cc, http_rest_api_handler.cc, http_server.cc.
"""
