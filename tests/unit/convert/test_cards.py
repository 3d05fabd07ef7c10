from dataclasses import replace
from pathlib import Path

import pytest

from edge_emotion.modelfile import read_model, shipped_model
from edge_emotion.quantization import TensorSpec
from edge_emotion_convert.cards import model_card
from edge_emotion_convert.evaluated import Evaluation
from edge_emotion_convert.metadata import metadata_of
from edge_emotion_convert.subject import Subject
from edge_emotion_train.networks import build
from edge_emotion_train.recipe import load_recipe

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


HELD_OUT = "These photographs are those of the test"


@pytest.mark.parametrize(
    ("shares", "measured_on", "patience", "told"),
    [
        ([0.8, 0.0, 0.2], "40 test photographs of mine", 0, "no epoch chosen by them"),
        ([0.8, 0.0, 0.2], "40 test photographs of mine", 5, "They also chose the epoch"),
        ([0.8, 0.0, 0.2], "20 of the 40 test photographs of mine, the half that", 0, HELD_OUT),
        ([0.7, 0.1, 0.2], "20 validation photographs of mine", 0, None),
        ([0.8, 0.0, 0.2], "99 validation photographs of others", 0, None),
    ],
)
def test_a_card_tells_where_the_photographs_of_the_test_measured_the_conversion(
    shares, measured_on, patience, told
):
    metadata = read_model(shipped_model("detector")).metadata
    recipe = {"sets": {"mine": {"shares": shares}}, "fit": {"patience": patience}}
    accuracy = {**metadata.accuracy, "measured_on": measured_on}
    made = replace(metadata, recipe=recipe, accuracy=accuracy)
    card = model_card(made, Evaluation(Path(), "detector", ()), 1000)
    assert (HELD_OUT in card) == (told is not None)
    assert (told or "") in " ".join(card.split())


def test_a_file_tells_what_its_training_began_with_but_not_where_that_lay():
    recipe = load_recipe("emotion", "smoke", ["teachers.big.path=/home/me/runs/big"])
    fit = replace(recipe.fit, start=("/home/me/runs/first/model.keras",), start_sha256=("12ab",))
    network = build("emotion", recipe.network)
    subject = Subject("mine", Path("mine"), "emotion", network, replace(recipe, fit=fit))
    tensors = TensorSpec((1, 48, 48, 1), "float32"), TensorSpec((1, 5), "float32")
    told = metadata_of(subject, "float32", *tensors, {}, {}).recipe
    assert (told["fit"]["start"], told["fit"]["start_sha256"]) == (("model.keras",), ("12ab",))
    assert told["teachers"]["big"]["path"] == "big"
    assert "/home" not in str(told)
    relative = replace(recipe, fit=replace(fit, start=("runs/first/model.keras",)))
    told = metadata_of(replace(subject, recipe=relative), "float32", *tensors, {}, {}).recipe
    assert told["fit"]["start"] == ("runs/first/model.keras",)
