"""Writes the page that maps TensorFlow 1's names to native ones: ``python -m graphc.testing.tf1_names docs/tf1.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

MODULES = (
    "", "nn", "train", "layers", "losses", "metrics", "initializers", "summary", "data", "linalg", "random",
    "contrib.layers", "contrib.rnn", "contrib.seq2seq", "contrib.opt", "contrib.framework",
)  # fmt: skip

HEAD = """# TensorFlow 1 names

Change a script's import line to `import graphc.compat.tf1 as tf`:

```python
import graphc.compat.tf1 as tf

x = tf.placeholder("float", [None, 2], name="x")
w = tf.get_variable("w", [2, 1], initializer=tf.zeros)
loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - 1.0))
train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for _ in range(50):
        sess.run(train, feed_dict={x: [[1.0, 0.0], [0.0, 1.0]]})
    print(sess.run(w).round(1).tolist())
```

```text
[[1.0], [1.0]]
```

What is different from native graphs, in graphs that such a script makes:

- variables need their initializer before the first use (`FailedPreconditionError`);
  native ones are initialised when first used;
- tensors of different element types do not meet in arithmetic (`TypeError`): cast one of them;
- sums and means of integers are integers; `tf.div` of integers rounds down;
- `floor`, `ceil`, `round` and `rint` have no gradient; at a tie of `maximum` and `minimum` the first operand
  has all of it, and `clip_by_value` passes it at the bounds;
- optimizers have TensorFlow 1's defaults, operations its default names, failed runs the classes of `tf.errors`;
- `with tf.Session()` closes the session at its end.

`tf.Assert` and `tf.assert_*` are accepted, but not checked. `input_data.read_data_sets` takes MNIST from files in its
directory or in `$GRAPHC_MNIST`; where there are none, small digits stand in, with a warning. Modules whose native
counterpart has the same names (`tf.layers`, `tf.losses`, `tf.metrics`, `tf.summary`, `tf.data`, `tf.contrib.rnn`) take
all of these over.
"""


def sections() -> Iterator[tuple[str, Any]]:
    """The label of every module of the surface and what looks up its names."""
    for module in MODULES:
        loaded = import_module("graphc.compat.tf1" + (f".{module}" if module else ""))
        yield f"tf.{module}" if module else "tf", getattr(loaded, "_find", None) or loaded.__getattr__


def native_name(path: str) -> str:
    """A native path as users write it; what is made for the surface alone is called so."""
    return "(of this surface)" if "compat" in path else f"`gc.{path.removeprefix('graphc.')}`"


def page() -> str:
    """The whole page."""
    parts, missing = [HEAD], ["\n## Out of scope\n\nThese raise an error that says what to use instead.\n\n"]
    missing.append("| name | instead |\n|---|---|\n")
    for label, find in sections():
        if find.entries:
            parts.append(f"\n## {label}\n\n| TensorFlow 1 | graphc |\n|---|---|\n")
            for entry in sorted(find.entries.values(), key=lambda e: e.name.lower()):
                parts.append(f"| `{label}.{entry.name}` | {native_name(entry.path)} |\n")
        missing += [f"| `{label}.{name}` | {why} |\n" for name, why in sorted(find.missing.items())]
    return "".join([*parts, *missing])


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page())
