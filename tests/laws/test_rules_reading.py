"""Reading a user's text never raises, whatever it is, and every fault has a place in that text."""

from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from app.rules.faults import Severity
from app.rules.reading import MOST_FAULTS, Outcome, read, read_together
from tests.laws.rule_texts import OURS, conditions

SHIPPED = {path.name: path.read_text() for path in sorted((Path(__file__).parents[2] / "data/rules").glob("*.rules"))}
GOOD = SHIPPED["balanced.rules"]
# Pieces that get a mutation past the first word.
BITS = """rule a { ~policy b { ~}~(~)~!~-~\n~"~#~require ~prefer ~when ~host.vms~5min~2GiB~ < ~ in ~[~]~ ? ~ : ~min(~"""
BITS += "use a ~budget ~é~\t~\r\n~\x00~\u2028~\ufeff"
bits = st.sampled_from(BITS.split("~"))


def places_are_in(text: str, outcome: Outcome) -> None:
    lines = text.split("\n")
    for fault in outcome.faults:
        assert fault.source == lines[fault.at.line - 1]
        assert 1 <= fault.at.column <= len(fault.source) + 1
        assert fault.message
        assert str(fault).isprintable() or "\n" in str(fault)


@given(st.one_of(st.text(), st.lists(bits, max_size=30).map("".join)))
@example("rule a { require " + "(" * 5000 + "1" + ")" * 5000 + " > 0 }")
@example("rule a { require " + "!" * 5000 + "true }")
@example("rule a { prefer 1" + " + 1" * 5000 + " }")
@example("rule a { prefer " + "9" * 5000 + " }")
@example("rule a { prefer \ud800 }")
@example('rule a { alert "\\" }')
def test_no_text_makes_reading_raise(text: str) -> None:
    places_are_in(text, read(text, "any.rules"))


@given(st.integers(0, len(GOOD)), st.integers(0, 40), st.one_of(bits, st.text(max_size=3)))
def test_no_change_to_a_good_file_makes_reading_raise(start: int, length: int, put: str) -> None:
    text = GOOD[:start] + put + GOOD[start + length :]
    places_are_in(text, read(text, "balanced.rules"))


@given(conditions(OURS, 2))
def test_what_is_grammatical_and_of_one_dimension_is_accepted(text: str) -> None:
    outcome = read(f"rule a {{ require {text} }} policy b {{ use a }}", "good.rules")
    assert outcome.faults == ()


@given(st.sets(st.sampled_from(sorted(SHIPPED))), st.sets(st.integers(1, 10)))
def test_each_faulty_rule_is_told_of_by_itself(others: set[str], wrong: set[int]) -> None:
    text = "".join(
        f"rule r{number} {{\n  require host.vms {'<<' if number in wrong else '<'} 3\n}}\n" for number in range(1, 11)
    )
    faults = [fault for fault in read(text, "many.rules").faults if fault.severity is Severity.ERROR]
    assert [fault.at.line for fault in faults] == [number * 3 - 1 for number in sorted(wrong)]


def test_a_text_that_is_no_rules_at_all_is_given_up_after_some_faults() -> None:
    assert len(read("rule\n" * 100_000, "novel.rules").faults) == MOST_FAULTS


def test_the_shipped_files_are_without_fault_alone_and_together() -> None:
    for name, text in SHIPPED.items():
        assert read(text, name).faults == (), name
        assert name.removesuffix(".rules") in read(text, name).ruleset.policies
    assert read_together(SHIPPED).faults == ()


def test_spaces_and_comments_mean_nothing() -> None:
    squeezed = " ".join(line.partition("#")[0] for line in GOOD.split("\n"))
    assert read(squeezed, "one-line.rules").ruleset.rules.keys() == read(GOOD, "lines.rules").ruleset.rules.keys()
    assert [rule.hard for rule in read(squeezed, "a").ruleset.rules.values()] == [
        rule.hard for rule in read(GOOD, "b").ruleset.rules.values()
    ]
