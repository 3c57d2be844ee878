"""Scripts written for Keras, with its imports as they stand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import numpy as np
from {root}.models import Sequential
from {root}.layers import Dense, Dropout
from {root}.optimizers import SGD
from {root}.utils import to_categorical
import {root}.backend as K

np.random.seed(0)
x = np.random.randn(200, 3)
y = to_categorical((x[:, 0] > 0).astype(int), 2)
model = Sequential()
model.add(Dense(8, input_dim=3, activation="relu"))
model.add(Dropout(0.1))
model.add(Dense(2, activation="softmax"))
model.compile(loss="categorical_crossentropy", optimizer=SGD(lr=0.1), metrics=["accuracy"])
model.fit(x, y, epochs=20, batch_size=16, verbose=0)
print(model.evaluate(x, y, verbose=0)[1] > 0.9, K.image_data_format())
"""


def test_a_script_for_keras_runs_under_each_of_its_names(tmp_path: Path) -> None:
    for root in ("keras", "tensorflow.keras"):
        path = tmp_path / "script.py"
        path.write_text(SCRIPT.format(root=root))
        done = subprocess.run(
            [sys.executable, "-c", "from graphc.cli.main import main; main()", "run", str(path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert "True channels_last" in done.stdout, done.stdout + done.stderr
