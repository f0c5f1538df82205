import sys

import pytest

from headway.errors import ModelError
from headway.models import build_model

MODEL = """
from torch import nn

def build_model(input_shape, num_outputs, hidden=7):
    return nn.Sequential(nn.Flatten(), nn.Linear(input_shape[0], hidden),
                         nn.Linear(hidden, num_outputs))
"""


@pytest.fixture
def build(tmp_path):
    """Write `source` to net.py and build the model of its function."""

    def write_and_build(source, function="build_model", **options):
        (tmp_path / "net.py").write_text(source)
        return build_model(
            f"{tmp_path}/net.py:{function}",
            input_shape=(5,),
            num_outputs=3,
            options=options,
        )

    return write_and_build


def test_a_function_is_called_with_the_shapes(build):
    assert build(MODEL)[2].out_features == 3


def test_an_option_goes_to_the_parameter_of_its_name(build):
    assert build(MODEL, hidden=11)[1].out_features == 11


def test_a_function_without_parameters_is_called_without_arguments(build):
    assert (
        build("from torch import nn\ndef build_model(): return nn.Linear(5, 3)\n")
        is not None
    )


def test_a_function_with_keyword_arguments_gets_everything(build):
    source = (
        "from torch import nn\n"
        "def build_model(**given):\n"
        "    assert given == {'input_shape': (5,), 'num_outputs': 3, 'depth': 2}\n"
        "    return nn.Linear(5, 3)\n"
    )
    assert build(source, depth=2) is not None


def test_a_class_is_a_builder_too(build):
    source = (
        "from torch import nn\n"
        "class Net(nn.Linear):\n"
        "    def __init__(self, num_outputs): super().__init__(5, num_outputs)\n"
    )
    assert type(build(source, "Net")).__name__ == "Net"


def test_a_file_may_hold_dataclasses(build):
    source = (
        "from dataclasses import dataclass\n@dataclass\nclass Size:\n    width: 'int' = 3\n"
    )
    assert build(source + MODEL) is not None


def test_a_file_may_import_its_neighbours(build, tmp_path):
    (tmp_path / "neighbour_of_net.py").write_text("WIDTH = 9\n")
    source = MODEL.replace("hidden=7", "hidden=WIDTH")
    assert build("from neighbour_of_net import WIDTH\n" + source)[1].out_features == 9


def test_the_import_path_is_left_as_it_was(build):
    before = list(sys.path)
    build(MODEL)
    assert sys.path == before


def test_files_of_the_same_name_are_different_modules(tmp_path):
    models = []
    for width in (4, 6):
        folder = tmp_path / str(width)
        folder.mkdir()
        (folder / "net.py").write_text(MODEL.replace("hidden=7", f"hidden={width}"))
        name = f"{folder}/net.py:build_model"
        models.append(build_model(name, input_shape=(5,), num_outputs=3))
    assert [model[1].out_features for model in models] == [4, 6]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelError, match=f"there is no file {tmp_path}/absent.py"):
        build_model(f"{tmp_path}/absent.py:f", input_shape=(5,), num_outputs=3)


def test_a_file_without_a_function_name_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"no function; write net.py:build_model"):
        build_model("net.py", input_shape=(5,), num_outputs=3)


def test_a_missing_function_gets_a_suggestion(build):
    with pytest.raises(
        ModelError, match=r"no function 'build'. Did you mean 'build_model'"
    ):
        build(MODEL, "build")


def test_a_value_that_is_no_function_is_refused(build):
    with pytest.raises(ModelError, match=r"'WIDTH' in .* is an object of type int"):
        build("WIDTH = 3\n", "WIDTH")


def test_a_finished_module_is_refused(build):
    with pytest.raises(
        ModelError, match=r"'net' in .* of type Linear; expected a function"
    ):
        build("from torch import nn\nnet = nn.Linear(5, 3)\n", "net")


def test_a_function_that_returns_no_module_is_refused(build):
    with pytest.raises(ModelError, match="returned an object of type int"):
        build("def build_model(): return 3\n")


def test_a_failing_function_is_blamed_by_line(build):
    source = "def build_model():\n    width = 0\n    return 1 / width\n"
    with pytest.raises(ModelError, match=r"net.py, line 3: .*ZeroDivisionError") as caught:
        build(source)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_failing_import_is_blamed_by_line(build):
    with pytest.raises(ModelError, match=r"net.py, line 2: .*No module named 'no_such"):
        build("import math\nimport no_such_package\n")


def test_a_syntax_error_is_blamed_by_line(build):
    with pytest.raises(ModelError, match=r"net.py, line 2: .*SyntaxError"):
        build("x = 1\ndef build_model(:\n")


def test_a_file_that_exits_is_an_error(build):
    with pytest.raises(ModelError, match=r"net.py, line 2: .*SystemExit: 4"):
        build("import sys\nsys.exit(4)\n")


def test_a_failing_file_leaves_no_module_behind(build):
    before = set(sys.modules)
    with pytest.raises(ModelError):
        build("1 / 0\n")
    assert not {name for name in set(sys.modules) - before if "headway_user" in name}


def test_a_failing_forward_is_blamed_by_line(build):
    source = (
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self): super().__init__()\n"
        "    def forward(self, x):\n"
        "        return x @ x\n"
    )
    with pytest.raises(
        ModelError, match=r"fails on an input of shape \(2, 5\).*net.py, line 5"
    ):
        build(source, "Net")


def test_a_wrong_output_shape_is_refused(build):
    with pytest.raises(ModelError, match=r"returns a tensor of shape \(2, 4\)"):
        build("from torch import nn\ndef build_model(): return nn.Linear(5, 4)\n")


def test_an_option_the_function_does_not_take_is_refused(build):
    with pytest.raises(ModelError, match=r"unknown option 'width'.*its options are hidden"):
        build(MODEL, width=3)


def test_a_parameter_without_a_value_is_named(build):
    with pytest.raises(ModelError, match="needs a value for its parameter 'depth'"):
        build("def build_model(depth): ...\n")
