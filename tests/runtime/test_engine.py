"""Loading objects: what is refused, and that the memory comes back."""

import ctypes
from pathlib import Path

import pytest

from graphc.codegen.cpu.driver import link
from graphc.runtime.elf import ObjectFormatError, undefined_symbols
from graphc.runtime.engine import Engine, UnresolvedSymbolError

DRIVER = "def step(tab, dims):\n    return segment_0(tab, dims)\n"


def calling(symbol):
    """An object whose step returns what the external `symbol` returns."""
    text = f"declare i32 @{symbol}()\ndefine i32 @segment_0(i64 %tab, i64 %dims) {{\n"
    text += f"  %status = call i32 @{symbol}()\n  ret i32 %status\n}}\n"
    return link([], [text], [], DRIVER, ["segment_0"])


def step(engine, code):
    return ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_int64, ctypes.c_int64)(engine.address(code.entry))(0, 0)


def resident_megabytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20


def test_a_missing_symbol_is_refused_before_loading():
    with pytest.raises(UnresolvedSymbolError, match="graphc_test_nowhere"):
        Engine(calling("graphc_test_nowhere").data)


def test_a_given_symbol_is_called():
    callback = ctypes.CFUNCTYPE(ctypes.c_int32)(lambda: 23)
    code = calling("graphc_test_given")
    with Engine(code.data, {"graphc_test_given": ctypes.cast(callback, ctypes.c_void_p).value}) as engine:
        assert step(engine, code) == 23


def test_a_symbol_keeps_its_first_address():
    callback = ctypes.CFUNCTYPE(ctypes.c_int32)(lambda: 1)
    address = ctypes.cast(callback, ctypes.c_void_p).value
    code = calling("graphc_test_twice")
    Engine(code.data, {"graphc_test_twice": address}).close()
    with pytest.raises(UnresolvedSymbolError, match="another address"):
        Engine(code.data, {"graphc_test_twice": address + 16})


def test_symbols_of_the_process_need_no_table():
    code = calling("getpid")
    assert undefined_symbols(code.data) == ("getpid",)
    with Engine(code.data) as engine:
        assert step(engine, code) > 0


def test_an_unknown_function_is_a_key_error():
    with Engine(calling("getpid").data) as engine, pytest.raises(KeyError, match="no_such"):
        engine.address("no_such")


@pytest.mark.parametrize("damage", ["empty", "text", "truncated"])
def test_damaged_objects_are_refused(damage):
    data = {"empty": b"", "text": b"not an object", "truncated": calling("getpid").data[:200]}[damage]
    with pytest.raises(ObjectFormatError):
        Engine(data)


def test_engines_give_their_memory_back():
    code = calling("getpid")
    for _ in range(20):
        Engine(code.data).close()
    before = resident_megabytes()
    for _ in range(300):
        with Engine(code.data) as engine:
            step(engine, code)
    assert resident_megabytes() - before < 300 * 0.01


def test_programs_keep_little_memory():
    def once(variant):
        driver = DRIVER.replace("return", f"dims += {variant}\n    return")
        text = f"define i32 @segment_0(i64 %tab, i64 %dims) {{\n  ret i32 {variant}\n}}\n"
        code = link([], [text], [], driver, ["segment_0"])
        with Engine(code.data) as engine:
            assert step(engine, code) == variant

    for variant in range(10):
        once(variant)
    before = resident_megabytes()
    for variant in range(100):
        once(100 + variant)
    assert resident_megabytes() - before < 100 * 0.15
