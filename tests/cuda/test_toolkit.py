"""The assembler accepts the kernels, and the command that writes them."""

import re

import pytest

import graphc as gc
from graphc.cli.main import main
from graphc.codegen.cuda.toolkit import AssemblyError, assemble, find_tool

SCRIPT = """
import numpy as np
import graphc as gc
x = gc.placeholder(gc.float32, [None, 6], name="x")
y = gc.placeholder(gc.float32, [None, 3], name="y")
w = gc.Variable(np.ones((6, 3), np.float32))
logits = gc.matmul(gc.nn.relu(x), w)
loss = gc.reduce_mean(gc.nn.softmax_cross_entropy_with_logits(labels=y, logits=logits))
train = gc.train.GradientDescentOptimizer(0.1).minimize(loss)
step = gc.function([x, y], [loss, train])
"""


@pytest.mark.parametrize("archs", [["sm_80"], ["sm_80", "sm_90"]])
def test_kernels_of_a_script_are_written_and_assembled(archs, tmp_path, capsys):
    pytest.importorskip("cuda.bindings", reason="needs the CUDA wheels: pip install graphc[cuda]")
    script, folder = tmp_path / "script.py", tmp_path / "out"
    script.write_text(SCRIPT)
    with gc.Graph().as_default():
        assert main(["cuda", "compile", f"{script}:step", "--arch", ",".join(archs), "-o", str(folder)]) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert len(rows) == len(list(folder.glob("*.ptx"))) >= 2 * len(archs)
    if find_tool("ptxas") is None:
        assert all("no ptxas" in row for row in rows)
        pytest.skip("no ptxas: pip install graphc[cuda-ci]; kernels were not assembled")
    assert len(list(folder.glob("*.cubin"))) == len(rows)
    assert {"registers", "spills"} <= set(header.split())
    for row in rows:
        _, arch, registers, shared, _, spills, *_ = re.split(r"\s{2,}", row)
        assert arch in archs
        assert int(registers) <= 64
        assert (int(shared), int(spills)) == (0, 0)


def test_a_target_without_a_function_is_refused(tmp_path, capsys):
    script = tmp_path / "script.py"
    script.write_text("x = 1\n")
    assert main(["cuda", "compile", f"{script}:x", "-o", str(tmp_path)]) == 1
    assert main(["cuda", "compile", f"{script}:x", "--arch", "volta", "-o", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert "no function 'x'" in told
    assert "'volta' is no kind of GPU" in told


def test_what_the_assembler_refuses():
    if find_tool("ptxas") is None:
        pytest.skip("no ptxas: pip install graphc[cuda-ci]")
    with pytest.raises(AssemblyError, match="ptxas"):
        assemble(".version 8.0\n.target sm_80\nnonsense")
