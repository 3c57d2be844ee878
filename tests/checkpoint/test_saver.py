"""Checkpoints: what is saved comes back, in this graph or another; what does not fit changes nothing."""

import os

import numpy as np
import pytest

import graphc as gc
from graphc.checkpoint.safetensors import CheckpointFileError, read_arrays, write_arrays


@pytest.fixture(autouse=True)
def graph():
    with gc.Graph().as_default() as g:
        yield g


def interpreted():
    return gc.Session(mode="interpret")


def model(rows=2, name="w"):
    w = gc.Variable(np.arange(rows * 3, dtype=np.float32).reshape(rows, 3), name=name)
    return w, gc.Variable(0, trainable=False, name="step")


def test_values_come_back_in_another_graph(tmp_path):
    w, step = model()
    session = interpreted()
    session.run([gc.assign(w, w * 2.0), gc.assign_add(step, 7)])
    path = gc.train.Saver().save(session, tmp_path / "model", global_step=step)
    assert path == str(tmp_path / "model-7")
    with gc.Graph().as_default():
        w2, step2 = model()
        other = gc.Session()
        gc.train.Saver().restore(other, path)
        np.testing.assert_array_equal(other.run(w2), 2.0 * np.arange(6).reshape(2, 3))
        assert other.run(step2) == 7


def test_training_goes_on_as_if_it_had_not_stopped(tmp_path):
    gc.set_random_seed(5)
    w = gc.Variable(np.zeros(4, np.float32), name="w")
    train = gc.train.AdamOptimizer(0.1).minimize(gc.reduce_sum(gc.square(w - gc.random_normal([4]))))
    saver, session = gc.train.Saver(), gc.Session()
    for _ in range(3):
        session.run(train)
    path = saver.save(session, tmp_path / "model")
    for _ in range(3):
        session.run(train)
    other = gc.Session()
    saver.restore(other, path)
    for _ in range(3):
        other.run(train)
    np.testing.assert_array_equal(other.run(w), session.run(w))


@pytest.mark.parametrize("dtype", ["bool", "int8", "int64", "uint16", "uint64", "float32", "float64"])
def test_files_are_read_by_the_formats_own_library(tmp_path, dtype):
    arrays = {"a": np.arange(6).reshape(2, 3).astype(dtype), "s/b": np.array(1, dtype), "e": np.zeros((0, 4), dtype)}
    write_arrays(tmp_path / "x.safetensors", arrays, {"k": "v"})
    found, metadata = read_arrays(tmp_path / "x.safetensors")
    assert metadata == {"k": "v"}
    library = pytest.importorskip("safetensors.numpy", reason="safetensors is not installed: no second reader")
    for have in (found, library.load_file(tmp_path / "x.safetensors")):
        assert set(have) == set(arrays)
        for name, array in arrays.items():
            assert have[name].dtype == array.dtype
            np.testing.assert_array_equal(have[name], array)
    library.save_file(arrays, tmp_path / "y.safetensors")
    np.testing.assert_array_equal(read_arrays(tmp_path / "y.safetensors")[0]["a"], arrays["a"])


def test_a_mismatch_lists_everything_and_changes_nothing(tmp_path):
    a = gc.Variable(np.ones(3, np.float32), name="a")
    gc.Variable(1.0, name="gone")
    gc.Variable(1, name="kind")
    path = gc.train.Saver().save(interpreted(), tmp_path / "model")
    with gc.Graph().as_default():
        a = gc.Variable(np.zeros(4, np.float32), name="a")
        new = gc.Variable([1.0], name="new")
        kind = gc.Variable(5.0, name="kind")
        session = interpreted()
        with pytest.raises(gc.train.RestoreError) as error:
            gc.train.Saver().restore(session, path)
        for part in ("missing in the file:\n    new (1,) float32", "extra in the file:\n    gone () float32",
                     "a: (3,) float32 in the file, (4,) float32 in the graph", "kind: () int32", "nothing was changed",
                     "test_saver.py"):  # fmt: skip
            assert part in str(error.value)
        assert session.run([a, new, kind])[2] == 5.0
        assert session.run(a).tolist() == [0.0] * 4


def test_part_of_the_variables_and_other_names(tmp_path):
    w, _ = model()
    path = gc.train.Saver({"weights": w}).save(interpreted(), tmp_path / "model")
    assert gc.checkpoint.list_variables(path) == [("weights", [2, 3])]
    with gc.Graph().as_default():
        v, step = model(name="v")
        session = interpreted()
        session.run([gc.assign(v, v * 0.0), gc.assign(step, 9)])
        gc.train.Saver({"weights": v}).restore(session, path)
        assert session.run(v).sum() == 15.0
        assert session.run(step) == 9


def test_reshape(tmp_path):
    path = gc.train.Saver([model()[0]]).save(interpreted(), tmp_path / "model")
    with gc.Graph().as_default():
        w = gc.Variable(np.zeros((3, 2), np.float32), name="w")
        with pytest.raises(gc.train.RestoreError, match="different"):
            gc.train.Saver().restore(interpreted(), path)
        session = interpreted()
        gc.train.Saver(reshape=True).restore(session, path)
        assert session.run(w).tolist() == [[0, 1], [2, 3], [4, 5]]


def test_old_checkpoints_are_deleted_and_the_latest_is_known(tmp_path):
    model()
    saver, session = gc.train.Saver(max_to_keep=2), interpreted()
    paths = [saver.save(session, tmp_path / "m", global_step=n) for n in range(4)]
    files = {"m-2.safetensors", "m-3.safetensors", "checkpoint"}
    assert {f for f in os.listdir(tmp_path) if not f.endswith(".meta")} == files
    assert saver.last_checkpoints == paths[2:]
    state = gc.train.get_checkpoint_state(tmp_path)
    assert state.model_checkpoint_path == gc.train.latest_checkpoint(tmp_path) == paths[3]
    assert state.all_model_checkpoint_paths == paths[2:]
    moved = tmp_path.rename(tmp_path.parent / f"{tmp_path.name}-moved")
    assert gc.train.latest_checkpoint(moved) == str(moved / "m-3")


def test_one_checkpoint_in_some_hours_is_kept(tmp_path, monkeypatch):
    model()
    now = [1000.0]
    monkeypatch.setattr("time.time", lambda: now[0])
    saver = gc.train.Saver(max_to_keep=1, keep_checkpoint_every_n_hours=1.0)
    for n in range(6):
        saver.save(interpreted(), tmp_path / "m", global_step=n)
        now[0] += 1500.0
    found = sorted(f for f in os.listdir(tmp_path) if f.endswith(".safetensors"))
    assert found == ["m-3.safetensors", "m-5.safetensors"]


def test_what_is_not_there(tmp_path):
    assert gc.train.get_checkpoint_state(tmp_path / "none") is None
    assert gc.train.latest_checkpoint(tmp_path) is None
    w, _ = model()
    saver = gc.train.Saver([w])
    with pytest.raises(gc.train.RestoreError, match="no checkpoint"):
        saver.restore(interpreted(), None)
    saver.save(interpreted(), tmp_path / "here")
    with pytest.raises(gc.train.RestoreError, match="there are: here"):
        saver.restore(interpreted(), tmp_path / "there")
    with pytest.raises(gc.GraphError, match="does not exist"):
        saver.save(interpreted(), tmp_path / "no" / "model")
    with gc.Graph().as_default(), pytest.raises(gc.GraphError, match="no variables to save"):
        gc.train.Saver()


DAMAGE = [
    lambda b: b[:5],
    lambda b: b[:-3],
    lambda b: b"\xff" * 8 + b[8:],
    lambda b: b[:8] + b"[" + b[9:],
    lambda b: b.replace(b"[2,3]", b"[2,4]"),
]


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_files_are_refused(tmp_path, damage):
    w, _ = model()
    path = gc.train.Saver([w]).save(interpreted(), tmp_path / "model")
    file = tmp_path / "model.safetensors"
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(CheckpointFileError):
        gc.train.Saver([w]).restore(interpreted(), path)


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    w, _ = model()
    saver, session = gc.train.Saver([w]), interpreted()
    saver.save(session, tmp_path / "model")
    before = (tmp_path / "model.safetensors").read_bytes()

    def fail(*paths):
        raise OSError("disk full")

    session.run(gc.assign(w, w + 1.0))
    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        saver.save(session, tmp_path / "model")
    assert (tmp_path / "model.safetensors").read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["checkpoint", "model.meta", "model.safetensors"]
