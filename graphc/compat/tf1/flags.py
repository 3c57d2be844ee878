"""``tf.flags``: options of a script, read from the command line when first asked for."""

from __future__ import annotations

import sys
from typing import Any


class _Flags:
    """The options that were defined, as attributes."""

    def __init__(self) -> None:
        self.__dict__["_defined"] = {}
        self.__dict__["_values"] = None

    def parse(self, argv: list[str] | None = None) -> list[str]:
        """Read the options off the command line; the program's name and what is left come back."""
        import argparse

        words = sys.argv if argv is None else argv
        parser = argparse.ArgumentParser(prog=words[0] if words else None, allow_abbrev=False)
        for name, (default, convert, text) in self._defined.items():
            if convert is bool:
                parser.add_argument(f"--{name}", dest=name, default=default, type=_truth, help=text)
                parser.add_argument(f"--no{name}", dest=name, action="store_false", help=argparse.SUPPRESS)
            else:
                parser.add_argument(f"--{name}", dest=name, default=default, type=convert, help=text)
        # A switch stands alone: the word after it is not its value.
        switches = {f"--{name}" for name, (_, convert, _) in self._defined.items() if convert is bool}
        words = [f"{word}=true" if word in switches else word for word in words]
        found, rest = parser.parse_known_args(words[1:])
        kept = {} if self._values is None else self._values["set"]
        self.__dict__["_values"] = {"read": vars(found), "set": kept}
        return [*words[:1], *rest]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if self._values is None or name not in self._values["read"]:
            if name not in self._defined:
                raise AttributeError(f"no flag {name!r} was defined; there are {', '.join(self._defined) or 'none'}")
            self.parse()
        return self._values["set"].get(name, self._values["read"][name])

    def __setattr__(self, name: str, value: Any) -> None:
        if self._values is None:
            self.parse()
        self._values["set"][name] = value

    def __contains__(self, name: str) -> bool:
        return name in self._defined

    def flag_values_dict(self) -> dict[str, Any]:
        """All options with their values."""
        return {name: getattr(self, name) for name in self._defined}

    __flags = property(flag_values_dict)


FLAGS = _Flags()


def _truth(text: str) -> bool:
    return text.lower() in ("1", "t", "true", "yes", "y")


def _define(convert: Any) -> Any:
    def define(name: str, default_value: Any = None, docstring: str = "", **options: Any) -> None:
        default = options.get("default", default_value)
        FLAGS._defined[name] = (default, convert, (docstring or options.get("help", "")).replace("%", "%%"))

    return define


DEFINE_string, DEFINE_integer, DEFINE_float = _define(str), _define(int), _define(float)
DEFINE_boolean = DEFINE_bool = _define(bool)
DEFINE_list = _define(lambda text: text.split(","))


def DEFINE_enum(name: str, default_value: Any, enum_values: list[str], docstring: str = "", **options: Any) -> None:
    """An option that is one of several words."""
    FLAGS._defined[name] = (default_value, str, f"{docstring} (one of {', '.join(enum_values)})")


def mark_flag_as_required(name: str) -> None:
    """Accepted: a flag that is not given is None."""
