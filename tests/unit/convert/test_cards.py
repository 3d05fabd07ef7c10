from dataclasses import replace
from pathlib import Path

import pytest

from edge_emotion.modelfile import read_model, shipped_model
from edge_emotion_convert.cards import model_card
from edge_emotion_convert.evaluated import Evaluation

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


def with_remedies(kept):
    """A file of `--auto` that kept these."""
    metadata = read_model(shipped_model("emotion")).metadata
    found = {"drop": -0.5, "interval": [-1.0, 0.25]}
    told = {"kept": kept, "chosen_on": "30 of the 60 faces, the half that chooses"}
    told |= {"plain": found | {"drop": 2.0}, "treated": found}
    return replace(metadata, accuracy={**metadata.accuracy, "remedies": told})


def test_a_card_tells_what_the_remedies_were_worth():
    card = model_card(with_remedies(["one", "two"]), Evaluation(Path(), "emotion", ()), 1000)
    told = " ".join(card.split())
    assert "Made with: one, two. Chosen on 30 of the 60 faces, the half that chooses." in told
    assert "changed by -2.00 (-0.25 to +1.00) without remedies, and by +0.50" in told
    [paragraph] = [part for part in card.split("\n\n") if part.startswith("Made with: one")]
    assert max(map(len, paragraph.splitlines())) <= 100


def test_a_card_is_silent_where_no_remedy_was_kept():
    card = model_card(with_remedies([]), Evaluation(Path(), "emotion", ()), 1000)
    assert "remedies" not in card
    assert "Made with: ." not in card
