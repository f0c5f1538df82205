"""Notes about what could not be measured."""

from headway.doctor.notes import failed_note, joined_notes


def test_what_fails_for_the_same_reason_is_said_once() -> None:
    notes = [
        failed_note("flow", "IndexError: 9"),
        "there was no time for the sweep",
        failed_note("updates", "IndexError: 9"),
        failed_note("late flow", "IndexError: 9"),
        failed_note("memory", "TypeError: no"),
    ]
    assert joined_notes(notes) == (
        "flow, updates and late flow could not be measured: IndexError: 9",
        "memory could not be measured: TypeError: no",
        "there was no time for the sweep",
    )


def test_the_same_note_is_said_once() -> None:
    assert joined_notes(["no time", "no time"]) == ("no time",)
