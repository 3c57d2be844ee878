"""The user's graph: names, scopes, collections, control inputs, foreign tensors, look-ups."""

import pytest

import graphc as gc


@pytest.fixture(autouse=True)
def graph():
    with gc.Graph().as_default() as g:
        yield g


def test_names_are_made_unique():
    a = [gc.constant(0.0, name="a").op.name for _ in range(3)]
    assert a == ["a", "a_1", "a_2"]
    assert gc.constant(0.0, name="a_1").op.name == "a_1_1"
    # Names differ by more than case.
    assert gc.constant(0.0, name="A").op.name == "A_3"


def test_unnamed_operations_take_the_name_of_their_kind():
    x = gc.constant(1.0)
    assert gc.exp(x).op.name == "exp"
    assert gc.exp(x).op.name == "exp_1"


@pytest.mark.parametrize("name", ["with space", "ä", "", " x", "a:0", "-x"])
def test_invalid_names_are_refused(graph, name):
    with pytest.raises(gc.GraphError, match=r"is not a name(.|\n)*test_graph\.py"):
        graph.unique_name(name)


def test_scopes_nest_and_are_made_unique(graph):
    with gc.name_scope("outer") as outer:
        a = gc.constant(0.0, name="a")
        with gc.name_scope("inner"):
            b = gc.constant(0.0, name="a")
    with gc.name_scope("outer"):
        c = gc.constant(0.0, name="a")
    with gc.name_scope(outer):
        d = gc.constant(0.0, name="a")
        with gc.name_scope(None):
            e = gc.constant(0.0, name="top")
    assert [t.op.name for t in (a, b, c, d, e)] == ["outer/a", "outer/inner/a", "outer_1/a", "outer/a_1", "top"]
    assert graph.current_scope == ""


def test_a_scope_is_left_after_an_exception(graph):
    with pytest.raises(ZeroDivisionError), gc.name_scope("s"):
        raise ZeroDivisionError
    assert gc.constant(0.0, name="a").op.name == "a"


def test_collections_with_and_without_scope(graph):
    with gc.name_scope("m"):
        w = gc.Variable(1.0, name="w")
    b = gc.Variable(1.0, name="b", trainable=False)
    assert gc.global_variables() == [w, b]
    assert gc.trainable_variables() == [w]
    assert graph.get_collection("variables", "m/") == [w]
    graph.add_to_collection("mine", 3)
    assert graph.get_collection("mine") == [3]
    assert graph.get_collection("none") == []
    # A collection that was handed out is a copy.
    graph.get_collection("mine").append(4)
    assert graph.get_collection("mine") == [3]


def test_control_dependencies_nest_and_can_be_dropped():
    a, b = gc.no_op("a"), gc.no_op("b")
    with gc.control_dependencies([a]):
        with gc.control_dependencies([b, a]):
            both = gc.no_op()
        with gc.control_dependencies(None):
            none = gc.no_op()
    assert both.control_inputs == (a, b)
    assert none.control_inputs == ()
    assert gc.no_op().control_inputs == ()


def test_control_dependencies_want_operations():
    with pytest.raises(gc.GraphError, match="an operation or a tensor is needed"), gc.control_dependencies([3]):
        pass


def test_finalized_graph_refuses_operations_and_still_runs(graph):
    x = gc.constant(2.0)
    y = x * 3.0
    graph.finalize()
    with pytest.raises(gc.GraphError, match=r"finalized(.|\n)*test_graph\.py"):
        x + 1.0
    assert gc.Session(graph, mode="interpret").run(y) == 6.0


def test_a_variable_of_a_finalized_graph_can_be_fetched(graph):
    v = gc.Variable(2.0)
    with gc.control_dependencies([gc.no_op()]):
        graph.finalize()
        assert gc.Session(graph, mode="interpret").run(v) == 2.0


def test_foreign_tensors_are_refused_with_both_lines():
    x = gc.constant(1.0, name="elsewhere")
    with gc.Graph().as_default():
        y = gc.constant(1.0)
        with pytest.raises(gc.GraphError, match=r"elsewhere:0(.|\n)*test_graph\.py:\d+(.|\n)*test_graph\.py:\d+"):
            y + x


def test_look_ups_by_name(graph):
    x = gc.placeholder(gc.float32, [2], name="images")
    parts = gc.split(x, 2, name="halves")
    assert graph.get_tensor_by_name("images:0") is x
    assert graph.get_tensor_by_name("halves:1") is parts[1]
    assert graph.get_operation_by_name("images") is x.op
    with pytest.raises(KeyError, match="did you mean 'images'"):
        graph.get_tensor_by_name("image:0")
    with pytest.raises(KeyError, match="has 2 results"):
        graph.get_tensor_by_name("halves:2")
    with pytest.raises(ValueError, match="'images:0'"):
        graph.get_tensor_by_name("images")
    assert graph.get_operations()[0] is x.op


def test_reset_default_graph():
    with pytest.raises(gc.GraphError, match="leave the block first"):
        gc.reset_default_graph()


def test_default_graph_is_per_thread(graph):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(gc.get_default_graph).result() is not graph
    assert gc.get_default_graph() is graph


def test_equal_operations_stay_separate():
    x = gc.placeholder(gc.float32, [], name="x")
    a, b = x * 2.0, x * 2.0
    assert a is not b
    assert a.name != b.name
    assert gc.Session(mode="interpret").run([a, b], {x: 3.0, a: 100.0}) == [100.0, 6.0]


def test_representations_name_shape_and_type(graph):
    x = gc.placeholder("float64", [None, 3], name="x")
    v = gc.Variable([1, 2], name="v")
    assert repr(x) == "<graphc.Tensor 'x:0' shape=(?, 3) dtype=float64>"
    assert repr(v) == "<graphc.Variable 'v:0' shape=(2,) dtype=int32>"
    assert repr(x.op) == "<graphc.Operation 'x' type=placeholder>"
