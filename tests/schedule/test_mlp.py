"""What the step of a three-layer classifier becomes."""

from itertools import pairwise

import numpy as np

from graphc.loops.spec import Contraction, Nest
from graphc.schedule.plan import plan_program
from tests.schedule.mlp import mlp_step
from tests.schedule.oracle import check


def data(batch, sizes=(12, 8, 7, 5), seed=0):
    rng = np.random.default_rng(seed)
    shapes = [s for i, o in pairwise(sizes) for s in ((i, o), (o,))]
    variables = [rng.normal(size=s).astype(np.float32) for s in shapes]
    return [
        rng.normal(size=(batch, sizes[0])).astype(np.float32),
        rng.integers(0, sizes[-1], batch, np.int32),
    ], variables


def test_one_schedule_serves_every_batch_size():
    program = mlp_step()
    schedule = plan_program(program)
    for batch in (1, 2, 7, 32, 100):
        check(program, *data(batch), {"n": batch}, schedule)


def test_the_step_is_what_one_would_write_by_hand():
    schedule = plan_program(mlp_step())
    contractions = [call for call in schedule.calls if isinstance(call.spec, Contraction)]
    nests = [call for call in schedule.calls if isinstance(call.spec, Nest)]
    assert len(contractions) == 8
    assert len(nests) == 5
    assert len(schedule.calls) == 13
