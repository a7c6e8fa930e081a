"""Log records: one line each, with their context, without secrets."""

import ast
import asyncio
import io
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import logs


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


def logged(level: str = "INFO", **environ: str) -> io.StringIO:
    stream = io.StringIO()
    logs.set_up(level, stream, environ)
    return stream


def test_a_record_is_one_line_whatever_it_says() -> None:
    stream = logged()
    logging.getLogger("app.test").info("a\nb \x1b[31m", extra={"fields": {"guest": 'said "no"\r\n'}})
    (line,) = stream.getvalue().splitlines()
    assert line.endswith(r'INFO app.test: a\nb \x1b[31m guest="said \"no\"\r\n"')
    assert line[10] == "T"
    assert line[23] == "Z"


def test_an_exception_stays_on_the_line_of_its_record() -> None:
    stream = logged()
    try:
        raise ValueError("bad\nnews")
    except ValueError:
        logging.getLogger("app.test").exception("failed")
    (line,) = stream.getvalue().splitlines()
    assert 'exception="Traceback' in line
    assert r"bad\nnews" in line


@pytest.mark.parametrize("name", ["secret_key", "token", "user_data", "Authorization", "private_key", "password"])
def test_a_secret_field_is_hidden(name: str) -> None:
    stream = logged()
    logging.getLogger("app.test").info("signed", extra={"fields": {name: "hush-hush"}})
    assert "hush" not in stream.getvalue()
    assert f"{name}=(hidden)" in stream.getvalue()


async def test_context_belongs_to_its_task() -> None:
    stream = logged()

    async def work(request: str) -> None:
        with logs.context(request=request):
            await asyncio.sleep(0)
            logging.getLogger("app.test").info("done %s", request)

    await asyncio.gather(work("a"), work("b"))
    logging.getLogger("app.test").info("outside")
    ends = [line.partition("app.test: ")[2] for line in stream.getvalue().splitlines()]
    assert ends == ["done a request=a", "done b request=b", "outside"]


def test_inner_context_adds_to_the_outer() -> None:
    stream = logged()
    with logs.context(request="r"), logs.context(host="h"):
        logging.getLogger("app.test").info("in")
    assert stream.getvalue().endswith("in request=r host=h\n")


def test_the_journal_gets_priorities_instead_of_times() -> None:
    stream = logged("DEBUG", JOURNAL_STREAM="8:1")
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
        logging.getLogger("app.test").log(level, "m")
    assert [line[:3] for line in stream.getvalue().splitlines()] == ["<7>", "<6>", "<4>", "<3>", "<2>"]


def test_setting_up_again_does_not_double_lines() -> None:
    logged()
    stream = logged("WARNING")
    logging.getLogger("app.test").info("quiet")
    logging.getLogger("app.test").warning("once")
    assert len(stream.getvalue().splitlines()) == 1


def test_every_record_of_ours_carries_its_data_where_the_lines_show_it() -> None:
    for file in Path(logs.__file__).parent.rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.keyword) and call.arg == "extra" and not isinstance(call.value, ast.List):
                assert isinstance(call.value, ast.Dict)
                assert [ast.literal_eval(key) for key in call.value.keys if key] == ["fields"], f"{file}:{call.lineno}"
