from dataclasses import replace

import numpy as np
import pytest

from edge_emotion.data.faces import plain_faces
from edge_emotion.labels import NEUTRAL
from edge_emotion.preprocess import resize_square
from edge_emotion_train.augment import Augmentation
from edge_emotion_train.batches import (
    AugmentedBatches,
    emotion_samples,
    encode_offsets,
    keypoint_samples,
)
from edge_emotion_train.devices import Spread
from edge_emotion_train.networks import OFFSET_LIMIT_PX
from helpers.drawn_faces import emotion_faces, keypoint_faces

NOTHING = Augmentation(mirror=0)
EMOTIONS_FACES = emotion_faces(20, seed=1)
KEYPOINT_FACES = keypoint_faces(20, seed=1, margin=8)
MEAN_FACE = (KEYPOINT_FACES.keypoints.mean(axis=0) - 8).astype(np.float32)


def _emotion_batches(
    augmentation: Augmentation = NOTHING, size: int = 6, seed: int = 1, workers: int = 1
):
    samples = emotion_samples([(EMOTIONS_FACES, 1.0, 1.0)], label_share=0.6, class_balance=0.0)
    return AugmentedBatches(samples, augmentation, size, seed, workers=workers)


def _keypoint_batches(augmentation: Augmentation = NOTHING, faces=KEYPOINT_FACES):
    samples = keypoint_samples([(faces, 1.0)])
    return AugmentedBatches(samples, augmentation, 5, 1, MEAN_FACE)


def _as_bytes(faces: np.ndarray) -> np.ndarray:
    return np.rint(faces[..., 0] * 255).astype(np.uint8)


def test_emotion_batches_have_the_shapes_of_the_contract():
    faces, targets, weights = _emotion_batches()[0]
    assert (faces.shape, targets.shape, weights.shape) == ((6, 48, 48, 1), (6, 5), (6,))
    assert faces.dtype == targets.dtype == weights.dtype == np.float32
    assert faces.min() >= 0 and faces.max() <= 1


@pytest.mark.parametrize("rank", [0, 1])
def test_a_process_makes_only_its_own_rows_of_a_batch(rank: int):
    whole = _emotion_batches()[0][1]
    samples = emotion_samples([(EMOTIONS_FACES, 1.0, 1.0)], label_share=0.6, class_balance=0.0)
    mine = AugmentedBatches(samples, NOTHING, 6, 1, share=Spread(2, 2, rank))[0][1]
    assert np.array_equal(mine, whole[rank * 3 : rank * 3 + 3])


def test_keypoint_batches_have_the_shapes_of_the_contract():
    faces, targets, weights = _keypoint_batches()[0]
    assert (faces.shape, targets.shape, weights.shape) == ((5, 96, 96, 1), (5, 30), (5, 30))
    assert np.abs(targets).max() < 1


def test_without_augmentation_a_batch_is_what_the_device_sees_with_its_labels():
    faces, targets, _ = _emotion_batches()[0]
    rows = {
        image.tobytes(): label
        for image, label in zip(EMOTIONS_FACES.images, EMOTIONS_FACES.labels, strict=True)
    }
    assert [rows[face.tobytes()] for face in _as_bytes(faces)] == targets.argmax(axis=1).tolist()


def test_without_augmentation_points_are_those_of_the_centre_window():
    faces, targets, known = _keypoint_batches()[0]
    centre = plain_faces(KEYPOINT_FACES.images, 96)
    for face, target in zip(_as_bytes(faces), targets, strict=True):
        row = next(i for i, image in enumerate(centre) if (image == face).all())
        points = target.reshape(15, 2) * OFFSET_LIMIT_PX + MEAN_FACE
        assert np.allclose(points, KEYPOINT_FACES.keypoints[row] - 8, atol=1e-3)
    assert (known == 1).all()


def test_an_epoch_shows_every_face_at_most_once_and_leaves_a_part_batch_out():
    batches = _emotion_batches()
    assert batches.num_batches == 3
    shown = [face.tobytes() for i in range(3) for face in batches[i][0]]
    assert len(set(shown)) == len(shown) == 18


def test_fewer_faces_than_a_batch_are_one_smaller_batch():
    batches = _emotion_batches(size=64)
    assert batches.num_batches == 1
    assert len(batches[0][0]) == 20


def test_seed_and_epoch_decide_everything():
    strong = Augmentation(turn_deg=10, zoom=0.1, noise=1)
    first, again = _emotion_batches(strong), _emotion_batches(strong)
    assert (first[1][0] == again[1][0]).all()
    assert (first[1][0] == first[1][0]).all()
    again.start_epoch(1)
    assert not (first[1][0] == again[1][0]).all()
    assert not (first[1][0] == _emotion_batches(strong, seed=2)[1][0]).all()


@pytest.mark.parametrize("workers", [2, 5])
def test_how_many_threads_make_the_batches_makes_no_difference(workers: int):
    strong = Augmentation(turn_deg=10, zoom=0.1, noise=0.5, erase=0.5, gain_noise=9, mixup=0.4)
    alone, together = _emotion_batches(strong, 2), _emotion_batches(strong, 2, workers=workers)
    for epoch in (3, 4):
        alone.start_epoch(epoch)
        together.start_epoch(epoch)
        for index in range(10):
            for own, other in zip(alone[index], together[index], strict=True):
                assert (own == other).all()


def test_batches_are_made_ahead_each_once_and_no_more_than_a_few(monkeypatch: pytest.MonkeyPatch):
    made: list[int] = []
    make = AugmentedBatches._make

    def noting(self: AugmentedBatches, rows: np.ndarray, seed: tuple[int, ...]):
        made.append(seed[2])
        return make(self, rows, seed)

    monkeypatch.setattr(AugmentedBatches, "_make", noting)
    batches = _emotion_batches(size=1, workers=2)
    for index in range(6):
        batches[index]
        assert max(made) <= index + 3
    batches._pool.shutdown()
    assert sorted(made) == list(range(9))


def test_what_fails_in_a_thread_reaches_who_asks_for_the_batch(monkeypatch: pytest.MonkeyPatch):
    def failing(*_: object):
        raise MemoryError("no room")

    monkeypatch.setattr(AugmentedBatches, "_make", failing)
    with pytest.raises(MemoryError, match="no room"):
        _emotion_batches()[0]


def test_mixup_draws_after_everything_else_and_alpha_zero_changes_nothing():
    some = Augmentation(turn_deg=10, noise=0.5)
    plain, mixed = (_emotion_batches(replace(some, mixup=alpha))[0] for alpha in (0.0, 0.5))
    again = _emotion_batches(some)[0]
    assert all((one == other).all() for one, other in zip(plain, again, strict=True))
    assert not (plain[0] == mixed[0]).all()
    assert set(np.unique(plain[1])) == {0, 1}
    assert mixed[1].sum(axis=1) == pytest.approx(np.ones(6))
    assert mixed[1].max(axis=1).min() < 1


def test_each_epoch_has_its_own_order():
    batches = _emotion_batches()
    first = batches[0][0]
    batches.start_epoch(1)
    assert not (batches[0][0] == first).all()
    batches.start_epoch(0)
    assert (batches[0][0] == first).all()


def test_votes_share_the_target_with_the_label():
    votes = np.zeros((20, 5), np.float32)
    votes[0] = (0, 0, 0.5, 0, 0.5)  # row 0 is Angry by its label; the others have no votes
    samples = emotion_samples([(replace(EMOTIONS_FACES, votes=votes), 1.0, 1.0)], 0.6, 0.0)
    assert samples.targets[0] == pytest.approx([0.6, 0, 0.2, 0, 0.2])
    assert samples.targets[1].tolist() == [0, 1, 0, 0, 0]
    assert samples.targets.sum(axis=1) == pytest.approx(np.ones(20))


@pytest.mark.parametrize(("balance", "ratio"), [(0.0, 1.0), (1.0, 3.0), (0.5, 3**0.5)])
def test_balance_raises_the_weight_of_rare_classes(balance: float, ratio: float):
    rows = np.array([0, 5, 10, 1])  # three Angry, one Disgust
    faces = replace(
        EMOTIONS_FACES,
        **{
            name: getattr(EMOTIONS_FACES, name)[rows]
            for name in EMOTIONS_FACES.__dataclass_fields__
        },
    )
    weights = emotion_samples([(faces, 1.0, 1.0)], 1.0, balance).weights
    assert weights[3] / weights[0] == pytest.approx(ratio)
    assert weights.mean() == pytest.approx(1)


@pytest.mark.parametrize("task", ["emotion", "keypoints"])
def test_a_sets_weight_is_that_of_each_of_its_faces(task: str):
    if task == "emotion":
        samples = emotion_samples([(EMOTIONS_FACES, 1.0, 1.0), (EMOTIONS_FACES, 0.25, 1.0)], 1, 0)
    else:
        samples = keypoint_samples([(KEYPOINT_FACES, 1.0), (KEYPOINT_FACES, 0.25)])
    assert samples.weights[20] / samples.weights[0] == pytest.approx(0.25)
    assert samples.weights.mean() == pytest.approx(1)


def test_a_face_of_none_of_the_emotions_is_taught_as_undecided_as_its_annotators():
    votes = np.zeros((20, 5), np.float32)
    votes[0], votes[1] = (0, 0, 0.2, 0.3, 0), (0, 0, 0, 0, 0)
    faces = replace(EMOTIONS_FACES, labels=np.full(20, NEUTRAL), votes=votes)
    targets = emotion_samples([(faces, 1.0, 1.0)], 0.6, 0.0).targets
    assert targets[0] == pytest.approx([0.1, 0.1, 0.3, 0.4, 0.1])
    assert targets[1] == pytest.approx([0.2] * 5)


def test_no_teacher_is_asked_about_a_face_of_none_of_the_emotions():
    others = replace(EMOTIONS_FACES, labels=np.full(20, NEUTRAL))
    sets = [(EMOTIONS_FACES, 1.0, 1.0), (others, 0.4, 1.0)]
    samples = emotion_samples(sets, 0.6, 1.0)
    assert emotion_samples(sets[:1], 0.6, 1.0).taught is None
    assert samples.taught == pytest.approx(np.repeat([1, 0], 20))

    _, targets, _ = AugmentedBatches(samples, Augmentation(), 40, 1)[0]

    is_emotion = targets[:, :5].max(1) > 0.5
    assert targets[:, 5].tolist() == is_emotion.tolist()


def test_what_teachers_said_of_an_emotion_follows_the_target():
    samples = emotion_samples([(EMOTIONS_FACES, 1.0, 1.0)], 1.0, 0.0)
    said = np.roll(samples.targets, 1, axis=1)
    _, targets, _ = AugmentedBatches(replace(samples, answers=said), Augmentation(), 20, 1)[0]
    assert (np.roll(targets[:, :5], 1, axis=1) == targets[:, 5:]).all()


def test_points_that_teachers_saw_move_with_the_face():
    samples = keypoint_samples([(KEYPOINT_FACES, 1.0)])
    said = replace(samples, answers=samples.targets)
    augmentation = Augmentation(turn_deg=20, zoom=0.1, shift=0.05)
    _, targets, weights = AugmentedBatches(said, augmentation, 20, 1, MEAN_FACE)[0]
    targets, answers = targets[:, :30], targets[:, 30:]
    assert np.abs(answers).max() <= 1
    assert answers[weights > 0] == pytest.approx(targets[weights > 0], abs=1e-5)


def test_balance_of_classes_does_not_weigh_faces_of_none_of_them():
    others = replace(EMOTIONS_FACES, labels=np.full(20, NEUTRAL))
    alone = emotion_samples([(EMOTIONS_FACES, 1.0, 1.0)], 0.6, 1.0)
    both = emotion_samples([(EMOTIONS_FACES, 1.0, 1.0), (others, 0.4, 1.0)], 0.6, 1.0)
    assert both.targets[:20] == pytest.approx(alone.targets)
    ratios = both.weights[20:] / both.weights[0]  # each class weighs 5, as each is a fifth
    assert ratios == pytest.approx(np.full(20, 0.4 / 5))


def test_faces_that_must_not_be_mirrored_are_not_and_the_others_are_as_ever():
    samples = keypoint_samples([(KEYPOINT_FACES, 1.0)])
    fixed = replace(samples, mirrorable=np.arange(20) % 2 == 0)
    shown = {}
    for name, given in (("all", samples), ("some", fixed), ("none", samples)):
        augmentation = Augmentation(mirror=0 if name == "none" else 1)
        batches = AugmentedBatches(given, augmentation, 20, 1, MEAN_FACE)
        batches.start_epoch(0)
        shown[name], rows = batches[0][0], np.random.default_rng((1, 0)).permutation(20)
    even = rows % 2 == 0
    assert (shown["some"][even] == shown["all"][even]).all()
    assert (shown["some"][~even] == shown["none"][~even]).all()


def test_a_tightly_framed_set_is_shown_between_our_framing_and_its_own():
    samples = emotion_samples([(emotion_faces(5, 1, side=90), 1.0, 1.25)], 1.0, 0.0)
    assert samples.zooms.tolist() == [pytest.approx([48 / 90, 48 / 72])] * 5


def test_offsets_are_in_units_of_their_limit_and_what_cannot_be_learned_is_masked():
    points = np.tile(MEAN_FACE, (1, 1, 1)).copy()
    points[0, 0] += (OFFSET_LIMIT_PX / 2, -OFFSET_LIMIT_PX / 4)
    points[0, 1] = np.nan
    points[0, 2, 0] += OFFSET_LIMIT_PX + 1
    targets, learnable = encode_offsets(points, MEAN_FACE)
    assert targets[0, :2] == pytest.approx([0.5, -0.25])
    assert not np.isnan(targets).any()
    assert np.flatnonzero(learnable[0] == 0).tolist() == [2, 3, 4]


def test_missing_points_reach_the_loss_as_weight_zero_also_when_mirrored():
    keypoints = KEYPOINT_FACES.keypoints.copy()
    keypoints[:, 0] = np.nan  # every left eye centre, which a mirror makes the right one
    faces = replace(KEYPOINT_FACES, keypoints=keypoints)
    for mirror, missing in ((0, [0, 1]), (1, [2, 3])):
        _, targets, weights = _keypoint_batches(Augmentation(mirror=mirror), faces)[0]
        assert np.flatnonzero((weights == 0).all(axis=0)).tolist() == missing
        assert not np.isnan(targets).any()


@pytest.mark.parametrize(("side", "of"), [(48, 48), (96, 96)])
def test_faces_of_the_right_size_are_seen_as_they_are(side: int, of: int):
    images = np.zeros((2, of, of), np.uint8)
    assert plain_faces(images, side) is images


def test_wider_faces_are_cut_for_keypoints_and_resized_for_emotion():
    assert (plain_faces(KEYPOINT_FACES.images, 96) == KEYPOINT_FACES.images[:, 8:-8, 8:-8]).all()
    faces = emotion_faces(3, seed=1, side=72).images
    assert (plain_faces(faces, 48) == [resize_square(face, 48) for face in faces]).all()


def test_of_no_faces_none_are_seen():
    assert plain_faces(np.empty((0, 72, 72), np.uint8), 48).shape == (0, 48, 48)
