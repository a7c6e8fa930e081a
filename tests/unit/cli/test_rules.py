"""`euca rules check`: what it prints, how it ends, and that it needs nothing but the files."""

import json
from pathlib import Path

import pytest

from app.cli import main

SHIPPED = Path(__file__).parents[3] / "data/rules"
GOOD = "rule a { require host.vms < 3 }\npolicy p { use a }\n"


def ended(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ending:
        main(["rules", "check", *arguments])
    printed = capsys.readouterr()
    return int(str(ending.value.code)), printed.out, printed.err


def test_the_shipped_rules_are_without_fault(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(capsys, str(SHIPPED)) == (0, "14 rules, 7 policies, 0 errors, 0 warnings\n", "")


def test_an_error_ends_with_1_and_names_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "day.rules"
    file.write_text(GOOD.replace("vms", "wms"))
    code, out, _ = ended(capsys, str(file))
    assert code == 1
    assert out.startswith(f"{file}:1:18: error: there is no name `host.wms`: do you mean `host.vms`?\n")
    assert "\n                     ^^^^^^^^\n" in out


def test_a_warning_ends_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "day.rules").write_text("rule a { require host.vms < 3 }")
    code, out, _ = ended(capsys, str(tmp_path))
    assert (code, out.count("warning: ")) == (0, 1)


def test_files_are_read_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rule, policy = GOOD.splitlines()
    (tmp_path / "a.rules").write_text(rule)
    (tmp_path / "b.rules").write_text(policy)
    assert ended(capsys, str(tmp_path))[:2] == (0, "1 rule, 1 policy, 0 errors, 0 warnings\n")
    assert ended(capsys, str(tmp_path / "b.rules"))[0] == 1


def test_json_holds_what_a_program_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "day.rules"
    file.write_text("rule a { prefer host.vms weigth 2 }")
    code, out, _ = ended(capsys, "--json", str(file))
    shown = json.loads(out)
    assert (code, shown["sound"], shown["rules"], shown["policies"]) == (1, False, [], [])
    (fault,) = shown["faults"]
    assert (fault["line"], fault["column"], fault["severity"]) == (1, 26, "error")
    assert (fault["met"], fault["nearest"], fault["file"]) == ("weigth", "weight", str(file))
    assert "weight" in fault["expected"]


def test_what_is_not_utf_8_is_said_at_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "day.rules"
    file.write_bytes(b'\xef\xbb\xbfrule a { forbid vm.user == "M\xfcller" }\n# \xfc\n')
    code, out, _ = ended(capsys, str(file))
    assert (code, out.partition(": error: ")[0]) == (1, f"{file}:1:28")
    assert "save the file as UTF-8" in out


def test_control_characters_of_a_file_do_not_reach_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "day.rules"
    file.write_bytes(b"rule a { require \x1b[31mhost.vms }\n")
    code, out, _ = ended(capsys, str(file))
    assert (code, "\x1b" in out) == (1, False)


def test_a_path_without_rules_is_a_question_of_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(capsys, str(tmp_path))[0] == 2
    assert ended(capsys, str(tmp_path / "absent.rules"))[0] == 2
