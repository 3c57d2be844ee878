"""Runs that write a store take turns; runs that only read go together and never see a variable half-way."""

from __future__ import annotations

import threading

import numpy as np

import graphc as gc

SIZE = 400_000


def test_readers_never_see_half_of_a_write() -> None:
    with gc.Graph().as_default():
        variable = gc.Variable(np.zeros(SIZE, np.float32))
        count = gc.assign_add(variable, gc.ones([SIZE]))
        extremes = [gc.reduce_min(variable), gc.reduce_max(variable)]
        session = gc.Session()
        session.run(count)
        session.run(extremes)
        torn: list[tuple[float, float]] = []
        done = threading.Event()

        def read() -> None:
            while not done.is_set():
                low, high = session.run(extremes)
                if low != high:
                    torn.append((float(low), float(high)))

        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        for _ in range(300):
            session.run(count)
        done.set()
        for reader in readers:
            reader.join()
        assert session.run(extremes) == [301.0, 301.0]
    assert not torn


def test_a_new_variable_moves_nothing_under_a_running_reader() -> None:
    with gc.Graph().as_default():
        variable = gc.Variable(np.ones(SIZE, np.float32))
        total = gc.reduce_sum(gc.sqrt(variable))
        session = gc.Session()
        expected = session.run(total)
        wrong: list[float] = []

        def read() -> None:
            for _ in range(200):
                if (found := session.run(total)) != expected:
                    wrong.append(float(found))

        others = [gc.Variable(np.full(50, i, np.float32)) for i in range(30)]
        reader = threading.Thread(target=read)
        reader.start()
        for other in others:
            assert session.store.load(other)[0] == float(other.initial_value[0])
        reader.join()
    assert not wrong
