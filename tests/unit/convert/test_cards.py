from dataclasses import replace
from pathlib import Path

import pytest

from edge_emotion.modelfile import read_model, shipped_model
from edge_emotion_convert.cards import model_card
from edge_emotion_convert.evaluate import Evaluation

NOBODY_KNOWS = "Not known: the network was trained elsewhere."


@pytest.mark.parametrize(
    ("recipe", "told"),
    [
        ({}, NOBODY_KNOWS),
        ({"sets": {"mine": {}, "yours": {}}}, "trained on mine, yours, which were not there to"),
    ],
)
def test_a_card_tells_what_is_known_of_the_training(recipe, told):
    metadata = read_model(shipped_model("emotion")).metadata
    known = replace(metadata, recipe=recipe, training_data={})
    card = model_card(known, Evaluation(Path(), "emotion", ()), 1000)
    assert told in card
    assert (NOBODY_KNOWS in card) == (not recipe)
