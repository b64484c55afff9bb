"""Everything a commands file can get wrong is one line that names file, line, thing and cure."""

from pathlib import Path

import pytest

from edge_agent.errors import CommandsError
from edge_agent.models.commands import load_commands
from edge_agent.models.commands_report import check_commands
from edge_agent.models.context_import import import_context

OK = "intents: {A: {sentences: [go home]}}\n"


def fault(folder: Path, text: str) -> str:
    """The one-line error of a commands file, without its path."""
    path = folder / "commands.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CommandsError) as caught:
        check_commands(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(path))
    return message.removeprefix(str(path))


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 0, "is empty"),
        ("- a\n", 1, "must be a mapping"),
        ("intents:\n  A: [unclosed\n", 3, "not valid YAML"),
        ("language: en\n", 1, "no intents"),
        ("language: de\n" + OK, 1, "language 'de'"),
        (OK + "sentence: x\n", 2, "unknown key 'sentence'"),
        ("intents:\n  A:\n    sentences: [a]\n    replies: x\n", 4, "unknown key 'replies' in intent A"),
        ("intents:\n  A: {reply: x}\n", 2, "has no sentences"),
        ("intents:\n  A: {sentences: []}\n", 2, "at least one entry"),
        (OK + "intents: {}\n", 2, "given twice"),
        ("intents:\n  A:\n    sentences:\n    - go (home\n", 4, "cannot be parsed"),
        ("intents:\n  A:\n    sentences:\n    - go home)\n", 4, "cannot be parsed"),
        ("intents:\n  A:\n    sentences:\n    - go {}\n", 4, "cannot be parsed"),
        ("intents:\n  A:\n    sentences:\n    - '[please]'\n", 4, "can be empty"),
        ("intents:\n  A:\n    sentences:\n    - go {where}\n", 4, "unknown list {where}"),
        ("intents:\n  A:\n    sentences:\n    - go <where>\n", 4, "unknown rule <where>"),
        ("intents: {A: {sentences: [<a>]}}\nrules:\n  a: go <b>\n  b: now <a>\n", 1, "contains itself (a > b > a)"),
        ("intents: {A: {sentences: ['{l} go']}}\nlists:\n  l: {}\n", 3, "list l is empty"),
        ("intents: {A: {sentences: ['{l} go']}}\nlists:\n  l: {values: [{in: x}]}\n", 3, "`in`"),
        ("intents: {A: {sentences: ['{l} go']}}\nlists:\n  l: {range: {from: 5}}\n", 3, "`from` and `to`"),
        ("intents: {A: {sentences: ['{l} go']}}\nlists:\n  l: {range: {from: 1, to: many}}\n", 3, "whole number"),
        ("intents: {A: {sentences: ['{l} go']}}\nlists:\n  l: {range: {from: 0, to: 5000}}\n", 3, "over 1000"),
        ("intents: {A: {sentences: ['{l}s go']}}\nlists:\n  l: {values: [x]}\n", 1, "cannot be added to a value"),
        ("intents: {A: {sentences: ['{l}']}}\nlists:\n  l: {values: [x, '{l}']}\n", 3, "cannot contain the list"),
        ("intents: {A: {sentences: ['{l}']}}\nlists:\n  l:\n    values: [{in: x, out: 1},\n      {in: x, out: 2}]\n",
         5, "can also mean '1' (line 4)"),
        ("intents: {A: {sentences: [go (a;b;c;d;e;f)]}}\n", 1, "at most 5"),
        ("intents:\n  A: {sentences: ['go [to] bed']}\n  B: {sentences: ['(go|run) to bed']}\n", 3, "'go to bed'"),
        ("intents:\n  A: {sentences: [x]}\n  B: {sentences: ['(x|y)']}\n", 3, "'x' can mean A or B"),
        ("intents:\n  A: {sentences: ['on {l}']}\n  B: {sentences: [on five]}\nlists: {l: {range: {from: 1, to: 9}}}\n",
         3, "'on five' can mean A"),
        (OK + "pronunciations:\n  home: HH OW MM\n", 3, "'MM'"),
        ("intents: {A: {sentences: [go 家]}}\n", 1, "'家' cannot be pronounced; add it to `pronunciations`"),
        ("intents: {A: {sentences: [go], reply: 'to {'}}\n", 1, "reply of A"),
        ("intents: {A: {sentences: [go], reply: '{x.__class__}'}}\n", 1, "more than a slot name"),
    ],
)  # fmt: skip
def test_faults_name_the_line_and_the_cure(tmp_path: Path, text: str, line: int, words: str) -> None:
    message = fault(tmp_path, text)
    assert words in message
    if line:
        assert message.startswith(f":{line}: ")
    assert ";" in message or "must be" in message or "must have" in message


def test_missing_and_binary_files(tmp_path: Path) -> None:
    with pytest.raises(CommandsError, match="cannot be read"):
        load_commands(tmp_path / "none.yaml")
    with pytest.raises(CommandsError, match="cannot be read"):
        load_commands(tmp_path)
    (tmp_path / "sound.yaml").write_bytes(bytes(range(128, 256)))
    with pytest.raises(CommandsError, match="UTF-8"):
        load_commands(tmp_path / "sound.yaml")


def test_two_readings_within_an_intent_are_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "commands.yaml"
    path.write_text(
        "intents: {A: {sentences: ['on {area} light', 'on {name}']}}\n"
        "lists: {area: {values: [kitchen, hall]}, name: {values: [hall light]}}\n"
    )
    report = check_commands(path)
    assert [warning for warning in report.warnings if "'on hall light'" in warning]
    assert len(report.warnings) == 1


def test_predicted_words_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "commands.yaml"
    path.write_text("intents: {A: {sentences: [open blorptastic]}}\n")
    report = check_commands(path)
    assert list(report.predicted) == ["blorptastic"]
    assert report.predicted["blorptastic"].endswith("P T AE S T IH K")
    assert "not in the dictionary" in report.warnings[0]
    assert '"open blorptastic" -> A' in str(report)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x: 1\n", "has no `context:`"),
        ("context: {slots: {}}\n", "no expressions"),
        ("context:\n  expressions:\n    a:\n    - '[go, run'\n", ":4: ']' is missing"),
        ("context:\n  expressions:\n    a:\n    - 'go) run'\n", ":4: unexpected ')'"),
        ("context:\n  expressions:\n    a:\n    - 'go $where'\n", ":4: cannot read '$where'"),
        ("context:\n  wrong: 1\n", ":2: unknown key 'wrong'"),
    ],
)
def test_bad_contexts(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "context.yaml"
    path.write_text(text)
    with pytest.raises(CommandsError) as caught:
        import_context(path)
    assert words in str(caught.value)
