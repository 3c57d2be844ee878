"""A recurrent network that learns to write a text, letter by letter.

The network reads a letter, changes its state, and says which letter it expects next. The loop over letters, its
gradient back through all of them, and the update are one native call. To write, its own letters are fed back, one at
a time, with the state that the last one left.
"""

import numpy as np

import graphc as gc

TEXT = "she sells sea shells by the sea shore; the shells she sells are sea shells, i am sure. "
UNITS, LENGTH, BATCH = 48, 25, 16


def main(steps: int = 400) -> tuple[float, str]:
    """Train, and return the last cross-entropy per letter and what the network writes after "she "."""
    letters = sorted(set(TEXT))
    coded = np.array([letters.index(c) for c in TEXT * 4], np.int32)
    random = np.random.default_rng(0)

    with gc.Graph().as_default():
        gc.set_random_seed(0)
        x = gc.placeholder(gc.int32, [None, None], name="letters")
        y = gc.placeholder(gc.int32, [None, None], name="next_letters")
        cell = gc.rnn.GRUCell(UNITS)
        start = cell.zero_state(gc.shape(x)[0])
        outputs, state = gc.rnn.dynamic_rnn(cell, gc.one_hot(x, len(letters)), initial_state=start)
        logits = gc.layers.dense(outputs, len(letters))
        loss = gc.reduce_mean(gc.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
        optimizer = gc.train.AdamOptimizer(0.01)
        gradients, variables = zip(*optimizer.compute_gradients(loss), strict=True)
        limited, _ = gc.clip_by_global_norm(gradients, 5.0)  # gradients through long loops may explode
        train = optimizer.apply_gradients(zip(limited, variables, strict=True))

        with gc.Session() as session:
            for step in range(steps):
                begin = random.integers(0, len(coded) - LENGTH - 1, BATCH)
                rows = coded[begin[:, None] + np.arange(LENGTH + 1)]
                value, _ = session.run([loss, train], {x: rows[:, :-1], y: rows[:, 1:]})
                if step % 50 == 0:
                    print(f"step {step:3d}  cross-entropy {value:.3f} per letter")
            written, feeds = "she ", {x: [[letters.index(c) for c in "she "]]}
            for _ in range(60):
                scores, memory = session.run([logits, state], feeds)
                best = int(scores[0, -1].argmax())
                written += letters[best]
                feeds = {x: [[best]], start: memory}
    print(written)
    return float(value), written


if __name__ == "__main__":
    main()
