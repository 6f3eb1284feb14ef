import threading
import time
from dataclasses import replace

import dlib
import face_recognition
import numpy as np
import pytest

from builder.recognizers import Faces
from builder.recognizers.alignments import center, hog
from builder.recognizers.alignments.hog import enlarge

TOLERANCE = 1e-4


def embedded_by_the_package(image, box):
    """`face_recognition` on the enlarged image, told where the face is: (top, right, bottom, left)."""
    enlarged = enlarge(image)
    left, top, right, bottom = np.rint(box * enlarged.shape[0] / image.shape[0]).astype(int).tolist()
    (encoding,) = face_recognition.face_encodings(enlarged, [(top, right, bottom, left)], model="small")
    return encoding


def test_whole_generated_images_embed_as_with_the_face_recognition_package(recognizer, images, faces):
    embeddings = recognizer.embed(faces.crops)
    wanted = [embedded_by_the_package(image, box) for image, box in zip(images, faces.boxes, strict=True)]
    np.testing.assert_allclose(embeddings, wanted, rtol=0, atol=TOLERANCE)


def test_whole_photographs_embed_as_with_the_face_recognition_package(recognizer, alignment, photographs):
    for photograph in photographs:
        aligned = alignment.align(photograph[None])
        assert aligned.found.all()
        wanted = embedded_by_the_package(photograph, aligned.boxes[0])
        np.testing.assert_allclose(recognizer.embed(aligned.crops)[0], wanted, rtol=0, atol=TOLERANCE)


def test_photographs_of_one_person_are_closer_than_of_two(recognizer, alignment, photographs):
    """In the order of their names: 11, 12, 16, 17, 5, 6; 5, 6, 11 are one person, 16, 17 another, 12 a third."""
    crops = np.concatenate([alignment.align(photograph[None]).crops for photograph in photographs])
    embeddings, people = recognizer.embed(crops), np.array([0, 2, 1, 1, 0, 0])
    a, b = np.triu_indices(len(people), 1)
    accepted = recognizer.distance(embeddings[a], embeddings[b]) <= recognizer.threshold
    np.testing.assert_array_equal(accepted, people[a] == people[b])


def test_the_largest_box_is_taken(alignment, images):
    small, large = enlarge(images[0])[::2, ::2], enlarge(images[1])
    canvas = np.full((256, 384, 3), 128, np.uint8)
    canvas[:, 128:] = large
    canvas[64:192, :128] = small
    boxes = dlib.get_frontal_face_detector()(canvas, 0)
    if len(boxes) < 2:
        pytest.skip(f"the detector finds {len(boxes)} of the two faces on this canvas")
    aligned = alignment.align(canvas[None])
    area = np.prod(aligned.boxes[0, 2:] - aligned.boxes[0, :2])
    assert area == max((box.right() - box.left()) * (box.bottom() - box.top()) for box in boxes)


def test_nothing_is_found_where_nothing_is(alignment, images):
    noise = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
    noise[1] = images[0]
    aligned = alignment.align(noise)
    np.testing.assert_array_equal(aligned.found, [False, True, False])
    assert not aligned.crops[0].any()
    assert not aligned.boxes[2].any()


def test_threads_change_nothing(alignment, images, faces):
    for _ in range(2):
        for part, wanted in zip(alignment.align(images), faces, strict=True):
            np.testing.assert_array_equal(part, wanted)


def test_with_little_memory_one_image_is_aligned_at_a_time(runtime, images, faces, monkeypatch):
    at_work, most, lock = 0, [], threading.Lock()
    detector = hog.HogAlignment._detector

    def counted(alignment):
        nonlocal at_work
        with lock:
            at_work += 1
            most.append(at_work)
        time.sleep(0.01)
        with lock:
            at_work -= 1
        return detector(alignment)

    monkeypatch.setattr(hog.HogAlignment, "_detector", counted)
    for memory, streams in ((4 * 12 * 256**2, 2), (2 * 12 * 256**2, 1)):
        most.clear()
        aligned = hog.load(replace(runtime, threads=2, memory=memory)).align(images[:6])
        assert max(most) == streams
        for part, wanted in zip(aligned, faces, strict=True):
            np.testing.assert_array_equal(part, wanted[:6])


def test_landmarks_lie_in_the_image_eyes_above_nose(faces):
    assert faces.landmarks.shape == (64, 5, 2)
    assert (faces.landmarks[:, :4, 1].mean(axis=1) < faces.landmarks[:, 4, 1]).all()
    assert np.median(faces.landmarks) < 64


def test_enlarging_keeps_what_is_large_enough():
    large = np.zeros((256, 300, 3), np.uint8)
    assert enlarge(large) is large
    assert enlarge(large[:100, :200]).shape == (256, 512, 3)


def test_center_is_the_middle_scaled(runtime):
    image = np.zeros((1, 60, 100, 3), np.uint8)
    image[:, :, 20:80] = 200
    aligned = center.load(runtime).align(image)
    assert aligned.found.all()
    np.testing.assert_array_equal(aligned.boxes, [[20, 0, 80, 60]])
    assert aligned.crops.shape == (1, 150, 150, 3)
    assert (aligned.crops == 200).all()


def test_faces_are_cut_and_joined_row_by_row(faces):
    joined = Faces.concatenate([faces.rows(slice(0, 10)), faces.rows(slice(10, None))])
    for part, wanted in zip(joined, faces, strict=True):
        np.testing.assert_array_equal(part, wanted)
