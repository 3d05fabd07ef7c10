"""`edge-emotion report`: measurements of models and machines as one page (the `report` extra).

It needs matplotlib and neither TensorFlow nor what converts: it runs wherever the files are.
"""
