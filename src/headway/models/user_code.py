"""Functions in Python files of the user's own: FILE.py:FUNCTION."""

import hashlib
import importlib.util
import sys
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from headway.errors import InputError, did_you_mean


@dataclass(frozen=True)
class UserFunction:
    """A function of the user's own, by the name FILE.py:FUNCTION.

    Attributes:
        name: As the user wrote it.
        what: What it makes, such as "model".
        example: Name that such a function might have.
        error: Class of what is raised where something is wrong.
    """

    name: str
    what: str
    example: str
    error: type[InputError]

    @property
    def path(self) -> Path:
        """The file, absolute."""
        file = self.name if self.name.endswith(".py") else self.name.rpartition(":")[0]
        return Path(file).expanduser().resolve()

    @property
    def function_name(self) -> str:
        """The function in it."""
        return "" if self.name.endswith(".py") else self.name.rpartition(":")[2]

    def check_file(self) -> None:
        """Raise where the name has no function or there is no such file."""
        file = self.name.removesuffix(f":{self.function_name}")
        if not self.function_name:
            raise self.error(
                f"{self.what} {self.name!r} names a file but no function; write "
                f"{file.rstrip(':')}:{self.example}, where {self.example} is the function "
                f"that returns the {self.what}"
            )
        if not self.path.is_file():
            siblings = [sibling.name for sibling in self.path.parent.glob("*.py")]
            hint = did_you_mean(self.path.name, siblings)
            raise self.error(
                f"{self.what} {self.name!r}: there is no file {self.path}.{hint}"
            )

    def load(self) -> Callable[..., Any]:
        """Run the file and return the function; to be called where `importable` holds."""
        return _find(self, _load(self))

    @contextmanager
    def importable(self) -> Generator[None]:
        """Let the file import its neighbours, as `python FILE.py` would."""
        folder = str(self.path.parent)
        sys.path.insert(0, folder)
        try:
            yield
        finally:
            sys.path.remove(folder)

    @contextmanager
    def blamed(self, what: str) -> Generator[None]:
        """Turn what the user's code raises into our error, which names the line."""
        try:
            yield
        except (Exception, SystemExit) as error:
            where = self.line_of(error) or str(self.path)
            raise self.error(f"{where}: {what}: {type(error).__name__}: {error}") from error

    def line_of(self, error: BaseException) -> str:
        """Return the file and line of the user's file that `error` came from, or ""."""
        trace = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in trace if frame.filename == str(self.path)]
        if isinstance(error, SyntaxError) and error.filename == str(self.path):
            lines.append(error.lineno)
        return f"{self.path}, line {lines[-1]}" if lines else ""


def _load(user: UserFunction) -> ModuleType:
    digest = hashlib.sha256(str(user.path).encode()).hexdigest()[:8]
    name = f"headway_user_{user.path.stem}_{digest}"
    spec = importlib.util.spec_from_file_location(name, user.path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look it up there
    try:
        with user.blamed("the file cannot be imported"):
            spec.loader.exec_module(module)
    except user.error:
        del sys.modules[name]
        raise
    return module


def _find(user: UserFunction, module: ModuleType) -> Callable[..., Any]:
    names = [
        key
        for key, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", None) == module.__name__
    ]
    name = user.function_name
    if not hasattr(module, name):
        listed = f" It has: {', '.join(names)}." if names else ""
        hint = did_you_mean(name, names)
        raise user.error(f"{user.path} has no function {name!r}.{hint}{listed}")
    function = getattr(module, name)
    # An instance of nn.Module is callable too, but calling it runs its forward pass.
    if not callable(function) or isinstance(function, nn.Module):
        raise user.error(
            f"{name!r} in {user.path} is an object of type {type(function).__name__}; "
            f"expected a function, or a class, that builds the {user.what} when it is called"
        )
    return function
