import pytest
import torch

from headway.data import (
    ArraySplit,
    Shard,
    SourceOptions,
    TextLoader,
    TextSplit,
    align_source,
    code_points,
    encode_characters,
    prepare_data,
    read_source,
)
from headway.errors import DataError

CPU = torch.device("cpu")
FRACTIONS = {"val_fraction": 0.2, "test_fraction": 0.2, "split_seed": 0}


def write(folder, text, *, encoding="utf-8"):
    path = folder / "book.txt"
    path.write_bytes(text.encode(encoding))
    return f"text:{path}"


def read(folder, text, window=4):
    return read_source(write(folder, text), SourceOptions(window=window))


def loader(length=103, window=10, seed=0, **options):
    split = TextSplit.cut(torch.arange(length), window)
    return TextLoader(split, batch_size=3, seed=seed, device=CPU, **options)


def contents(batches):
    return [(batch.inputs.tolist(), batch.targets.tolist()) for batch in batches]


def test_the_target_of_a_character_is_the_next_one():
    split = TextSplit.cut(torch.arange(100), 7)
    torch.testing.assert_close(split.targets, split.inputs + 1)


def test_the_samples_of_a_text_cover_it_once():
    split = TextSplit.cut(torch.arange(50), 7)
    assert split.inputs.flatten().tolist() == list(range(49))


def test_selected_windows_are_an_ordinary_split():
    split = TextSplit.cut(torch.arange(50), 7).select(torch.tensor([2, 0]))
    assert type(split) is ArraySplit
    assert split.inputs[:, 0].tolist() == [14, 0]


@pytest.mark.parametrize("length", [6, 11, 12, 100])
def test_a_text_of_any_length_leaves_no_target_out_of_its_end(length):
    split = TextSplit.cut(torch.arange(length), 5)
    assert len(split) == (length - 1) // 5
    assert int(split.targets.max()) < length


def test_characters_become_numbers_and_unknown_ones_zero():
    characters = ("\ufffd", "a", "c", "\N{GRINNING FACE}")
    points = code_points("abc\N{GRINNING FACE}z")
    assert encode_characters(points, characters).tolist() == [1, 0, 2, 3, 0]


def test_the_parts_of_a_text_are_stretches_in_its_order(tmp_path):
    splits = prepare_data(read(tmp_path, "ab" * 30 + "ac" * 20), **FRACTIONS)
    characters = splits.info.classes
    texts = [
        "".join(characters[i] for i in part.tokens.tolist())
        for part in (splits.train, splits.val, splits.test)
    ]
    assert texts == ["ab" * 30, "a\ufffd" * 10, "a\ufffd" * 10]


def test_the_vocabulary_is_that_of_the_training_part_alone(tmp_path):
    splits = prepare_data(read(tmp_path, "ab" * 30 + "xy" * 20), **FRACTIONS)
    assert splits.info.classes == ("\ufffd", "a", "b")


def test_the_facts_of_a_text(tmp_path):
    info = prepare_data(read(tmp_path, "abcde" * 20), **FRACTIONS).info
    assert (info.kind, info.task, info.dtype) == ("tokens", "language-model", "int64")
    assert (info.input_shape, info.num_outputs) == ((4,), 6)
    assert (info.num_train, info.num_val, info.num_test) == (14, 4, 4)


def test_line_ends_and_byte_order_marks_of_other_systems_are_read(tmp_path):
    split = read(tmp_path, "\ufeffab\r\ncd\r\n").train
    assert "".join(map(chr, split.tokens.tolist())) == "ab\ncd\n"


def test_another_text_is_numbered_by_the_characters_of_the_training(tmp_path):
    info = prepare_data(read(tmp_path, "abcab" * 20), **FRACTIONS).info
    other = align_source(read(tmp_path, "cabz?" * 3), info)
    assert other.train.tokens[:5].tolist() == [3, 1, 2, 0, 0]


def test_an_epoch_sees_each_character_at_most_once_but_for_the_seam():
    seen = [i for batch in loader().batches(0) for i in batch.inputs.flatten().tolist()]
    assert len(seen) == 9 * 10
    assert len(set(seen)) >= 80


def test_every_character_is_seen_in_time():
    one = loader()
    seen = {
        i
        for epoch in range(8)
        for b in one.batches(epoch)
        for i in b.targets[:, -1].tolist()
    }
    assert len(seen) > 45
    assert max(seen) <= 102


def test_windows_begin_at_other_places_in_every_epoch():
    one = loader()
    phases = {
        next(iter(one.batches(epoch))).inputs[0, 0].item() % 10 for epoch in range(10)
    }
    assert len(phases) > 3


def test_an_epoch_is_a_function_of_the_seed_and_its_number():
    assert contents(loader().batches(5)) == contents(loader().batches(5))
    assert contents(loader().batches(5)) != contents(loader(seed=1).batches(5))


def test_a_run_goes_on_in_the_middle_of_an_epoch():
    assert contents(loader().batches(2, 1)) == contents(loader().batches(2))[1:]


def test_processes_share_the_windows_of_a_batch():
    whole = next(iter(loader().batches(0)))
    shares = [next(iter(loader(shard=Shard(rank, 2)).batches(0))) for rank in (0, 1)]
    assert torch.equal(torch.cat([share.inputs for share in shares]), whole.inputs)
    assert sum(share.weight for share in shares) == 2.0


def test_a_missing_file_is_named_with_a_suggestion(tmp_path):
    write(tmp_path, "text")
    with pytest.raises(DataError, match=r"no such file. Did you mean 'book.txt'"):
        read_source(f"text:{tmp_path}/bock.txt")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="is a folder; give one text file"):
        read_source(f"text:{tmp_path}")


def test_no_file_is_refused():
    with pytest.raises(DataError, match=r"needs a file, such as text:book.txt"):
        read_source("text:")


def test_an_empty_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="the file is empty"):
        read(tmp_path, "")


def test_another_encoding_is_refused_with_its_place(tmp_path):
    spec = write(tmp_path, "caf\N{LATIN SMALL LETTER E WITH ACUTE}", encoding="latin-1")
    with pytest.raises(DataError, match=r"not text in UTF-8 \(byte 0xe9 at position 3\)"):
        read_source(spec)


def test_a_binary_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="zero byte at character 2, so it is not a text"):
        read(tmp_path, "ab\0cd" * 10)


def test_a_text_no_longer_than_a_window_is_refused(tmp_path):
    with pytest.raises(DataError, match="has 4 characters, and a window of 4 needs 5"):
        read(tmp_path, "abcd")


def test_parts_no_longer_than_a_window_are_refused(tmp_path):
    source = read(tmp_path, "abcde" * 4)
    with pytest.raises(
        DataError, match="leave 4 for the val part, and a window of 4 needs"
    ):
        prepare_data(source, **FRACTIONS)


def test_parts_can_be_left_out(tmp_path):
    source = read(tmp_path, "abcde" * 4)
    splits = prepare_data(source, val_fraction=0.0, test_fraction=0.0, split_seed=0)
    assert (splits.val, splits.test, len(splits.train)) == (None, None, 4)


def test_a_text_of_one_character_has_nothing_to_learn(tmp_path):
    with pytest.raises(DataError, match="nothing but 'a', so there is nothing to learn"):
        prepare_data(read(tmp_path, "a" * 100), **FRACTIONS)


def test_a_text_file_without_its_prefix_gets_a_hint(tmp_path):
    path = write(tmp_path, "text").removeprefix("text:")
    with pytest.raises(DataError, match=f"text:{path} to learn a text"):
        read_source(path)
