"""A text file as a source."""

from pathlib import Path

from headway.data.sources.source import Source, SourceOptions
from headway.data.text import code_points
from headway.data.text_split import TextSplit
from headway.errors import DataError, did_you_mean

PREFIX = "text:"


def read_text(spec: str, options: SourceOptions) -> Source:
    r"""Read a text file in UTF-8, to learn which character comes next.

    Line ends of other systems become "\n", and a byte-order mark is left out.

    Args:
        spec: "text:" and the path of the file.
        options: Length of the windows.

    Raises:
        DataError: If the file is missing, cannot be read, is empty, is not text or is
            shorter than a window.
    """
    path = Path(spec.removeprefix(PREFIX)).expanduser()
    text = read_text_file(path)
    if len(text) <= options.window:
        raise DataError(
            f"{path}: has {len(text)} characters, and a window of {options.window} needs "
            f"{options.window + 1}; give a longer text or lower data.window"
        )
    split = TextSplit.cut(code_points(text), options.window)
    return Source(name=path.name, kind="tokens", task="language-model", train=split)


def read_text_file(path: Path) -> str:
    """Return the text of a file in UTF-8.

    Raises:
        DataError: If the file is missing, cannot be read, is empty or is not text.
    """
    text = _read(path)
    if not text:
        raise DataError(f"{path}: the file is empty; give one with text in it")
    if "\0" in text:
        raise DataError(
            f"{path}: holds a zero byte at character {text.index(chr(0))}, so it is not a "
            "text; give a plain text file in UTF-8"
        )
    return text


def _read(path: Path) -> str:
    if not str(path) or str(path) == ".":
        raise DataError("text: needs a file, such as text:book.txt")
    if path.is_dir():
        raise DataError(
            f"{path}: is a folder; give one text file, such as text:{path}/a.txt"
        )
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        siblings = path.parent.iterdir() if path.parent.is_dir() else ()
        guess = did_you_mean(path.name, [sibling.name for sibling in siblings])
        raise DataError(f"{path}: there is no such file.{guess}") from None
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: is not text in UTF-8 (byte {error.object[error.start]:#04x} at position "
            f"{error.start}); convert it, for example with iconv -t UTF-8"
        ) from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
