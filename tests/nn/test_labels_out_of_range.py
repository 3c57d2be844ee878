"""Labels that name no class fail the run, whether they are fed or written into the script."""

import numpy as np
import pytest

import graphc as gc


@pytest.mark.parametrize("mode", ["compile", "interpret"])
@pytest.mark.parametrize("given", ["fed", "constant", "a size"])
@pytest.mark.parametrize("bad", [3, -1])
def test_a_label_out_of_range(mode: str, given: str, bad: int) -> None:
    with gc.Graph().as_default():
        logits = gc.placeholder(gc.float32, [2, 3])
        rows = gc.placeholder(gc.float32, [None])
        labels = {
            "fed": gc.placeholder(gc.int32, [2]),
            "constant": gc.constant([bad, 0]),
            "a size": gc.stack([gc.shape(rows)[0] - 1, 0]),
        }[given]
        loss = gc.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
        feeds = {logits: np.zeros((2, 3)), rows: np.zeros(bad + 1)}
        if given == "fed":
            feeds[labels] = [bad, 0]
        with pytest.raises(gc.ExecutionError, match=rf"value {bad} at position \[0\] is out of range for 3 classes"):
            gc.Session(mode=mode).run(loss, feeds)


@pytest.mark.parametrize("mode", ["compile", "interpret"])
def test_labels_in_range_pass(mode: str) -> None:
    with gc.Graph().as_default():
        logits = gc.constant(np.log(np.float32([[1, 2, 5], [1, 1, 2]])))
        loss = gc.nn.sparse_softmax_cross_entropy_with_logits(labels=[2, 0], logits=logits)
        np.testing.assert_allclose(gc.Session(mode=mode).run(loss), -np.log([5 / 8, 1 / 4]), rtol=1e-6)
