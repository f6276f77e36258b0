"""One language at a time: Chinese unless another is asked for, in help and refusals as in results."""

import csv
import re
from importlib import import_module
from importlib.resources import files

import click
import pandas as pd
import pytest
from click.exceptions import NoSuchCommand

from zjk_gis.cli import main as entry
from zjk_gis.cli.help import in_language, one_line
from zjk_gis.cli.refusals import refusal
from zjk_gis.errors import InputError
from zjk_gis.text import display_width, wrapped
from zjk_gis.words import language, speaking

CHINESE = re.compile("[\u4e00-\u9fff]+")
# Chinese that is data, and stands in English sentences too.
VALUES = {
    "案件",
    "更正",
    "井盖",
    "万",
    "亿",
    "高德",
    "百度",
    "高",
    "中",
    "低",
    "单元网格",
    "网格编码",
    "三级",
    "街道级",
    "审图号",
}
# What stays as it is in Chinese: commands, options, files and addresses, names of columns and choices.
NOT_A_SENTENCE = re.compile(r"`[^`]*`|zjk-gis(?: [a-z-]+)*|\[[^\]]*\||--?[a-z][\w-]*|\S*[._/]\w\S*")


@pytest.fixture(autouse=True)
def nobody_has_chosen(monkeypatch):
    monkeypatch.delenv("ZJK_GIS_LANG", raising=False)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")  # the command speaks Chinese wherever it runs


def commands():
    """List every command with the words that call it, as the code has it."""

    def walk(command, words):
        yield words, command
        for name, each in sorted(getattr(command, "commands", {}).items()):
            yield from walk(each, [*words, name])

    yield [], entry._zjk_gis
    for name, (module, _) in sorted(entry._COMMANDS.items()):
        yield from walk(import_module(module).command, [name])


COMMANDS = list(commands())
called = pytest.mark.parametrize(
    ("words", "command"), COMMANDS, ids=[" ".join(words) or "zjk-gis" for words, _ in COMMANDS]
)


def catalogue():
    text = files("zjk_gis.words").joinpath("sentences.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines(keepends=True)))


def texts_of(command):
    """List what is said of a command: its help, that of its options, and what its arguments are called."""
    yield one_line(command.help)
    for param in command.params:
        if isinstance(param, click.Option):
            yield one_line(param.help or "")
        if not (isinstance(param.type, click.Choice) or getattr(param, "is_flag", False)):
            own = param.type.name if isinstance(param, click.Option) else param.name
            yield param.metavar or own.upper()


@called
def test_every_text_of_help_has_a_chinese_twin(words, command):
    twins = {row["en"]: row["zh"] for row in catalogue()}
    texts = list(texts_of(command)) + [text for _, text in entry._COMMANDS.values()]
    assert "" not in texts, "an option without help"
    assert [text for text in texts if not CHINESE.search(twins.get(text, ""))] == []


@called
def test_chinese_help_has_no_english_sentence(run, words, command):
    code, out, err = run(*words, "--help")
    assert (code, err) == (0, "")
    left = NOT_A_SENTENCE.sub("；", " ".join(out.split()))
    assert re.findall(r"[A-Za-z]+ [a-z]+", left) == []
    assert out.startswith("用法：zjk-gis")
    assert "显示本帮助后退出" in out


@called
def test_english_help_has_no_chinese_sentence(run, words, command):
    code, out, _ = run("--lang", "en", *words, "-h")
    assert code == 0
    assert set(CHINESE.findall("".join(out.split()))) <= VALUES  # a line may end in a word
    assert out.startswith("Usage: zjk-gis")


@called
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_line_of_help_is_wider_than_a_screen(run, words, command, lang):
    _, out, _ = run(*words, "--lang", lang, "--help")
    wide = [line for line in out.splitlines() if display_width(line) > 78]
    assert [line for line in wide if "|" not in line] == []  # choices are not divided


def test_lines_are_divided_by_what_is_seen():
    assert wrapped("责任区之间的空白，见 gaps.gpkg。", 12) == ["责任区之间的", "空白，见", "gaps.gpkg。"]
    assert wrapped("责任区之间的，空白", 12) == ["责任区之间", "的，空白"], "no line begins with a comma"
    assert wrapped("责任区之间（空白）", 12) == ["责任区之间", "（空白）"], "none ends with a bracket"
    assert wrapped("one two\n three", 7) == ["one two", "three"]
    assert wrapped("  ", 7) == []


def test_every_sentence_that_has_words_has_chinese_ones():
    for row in catalogue():
        words = re.sub(r"\{[^{}]*\}", "", row["en"])
        assert CHINESE.search(row["zh"]) or not re.search(r"[a-z]{3,} [a-z]{2,}", words), row["en"]


@pytest.mark.parametrize(
    ("words", "variable", "said"),
    [
        (["covers", "near", "-h"], None, "用法"),
        (["--lang", "en", "covers", "near", "-h"], None, "Usage"),
        (["covers", "--lang", "en", "near", "-h"], None, "Usage"),
        (["covers", "near", "--lang", "en", "-h"], None, "Usage"),
        (["covers", "near", "-h", "--lang=en"], None, "Usage"),
        (["covers", "near", "-h"], "en", "Usage"),
        (["covers", "near", "-h"], "EN_us", "Usage"),
        (["covers", "near", "-h"], "zh", "用法"),
        (["covers", "near", "-h"], "fr", "用法"),
        (["--lang", "zh", "covers", "near", "-h"], "en", "用法"),
        (["covers", "near", "--lang", "zh", "-h"], "en", "用法"),
        (["--lang", "en", "covers", "near", "--lang", "zh", "-h"], None, "用法"),
        (["--lang=en", "--help"], None, "Usage"),
    ],
)
def test_the_option_wins_wherever_it_stands_then_the_variable_then_chinese(
    run, monkeypatch, words, variable, said
):
    if variable is not None:
        monkeypatch.setenv("ZJK_GIS_LANG", variable)
    assert run(*words)[1].startswith(said)


@pytest.mark.parametrize(("asked", "heard"), [([], "zh"), (["--lang", "en"], "en"), (["--lang=zh"], "zh")])
@pytest.mark.parametrize("first", [True, False])
def test_the_library_speaks_the_language_of_the_command(run, monkeypatch, asked, heard, first):
    def refuse(*_, **__):
        raise InputError(f"in {language()}")

    monkeypatch.setattr("zjk_gis.cli.analysis.gaps.read_zones", refuse)
    words = [*asked, "gaps", "zones.gpkg"] if first else ["gaps", "zones.gpkg", *asked]
    assert run(*words)[2] == f"zjk-gis: in {heard}\n"
    assert language() == "en"  # by the locale, as before


def test_results_are_in_the_language_asked_for(run, monkeypatch):
    assert "个图层" not in run("--lang", "en", "catalogue", "unit_grids")[1]
    assert "单元网格" in run("catalogue", "unit_grids")[1]
    monkeypatch.setenv("ZJK_GIS_LANG", "en")
    english = run("catalogue", "unit_grids")[1]
    assert english == run("--lang", "en", "catalogue", "unit_grids")[1]
    assert english == run("catalogue", "unit_grids", "--lang", "en")[1]
    assert english != run("--lang", "zh", "catalogue", "unit_grids")[1]


def test_the_version_is_told(run):
    for option in ("-V", "--version"):
        code, out, _ = run(option)
        assert (code, out.split()[0]) == (0, "zjk-gis")


@pytest.mark.parametrize(
    ("words", "zh", "en"),
    [
        (
            ["assing"],
            "没有命令 'assing'。是否为 'assign'？",
            "No such command 'assing'. Did you mean 'assign'?",
        ),
        (["zzz"], "没有命令 'zzz'。", "No such command 'zzz'."),
        (["covers", "nea"], "没有命令 'nea'。是否为 'near'？", "No such command 'nea'. Did you mean 'near'?"),
        (
            ["gaps", "z", "--allowd", "a"],
            "没有选项 '--allowd'。是否为 '--allowed'？",
            "No such option '--allowd'. Did you mean '--allowed'?",
        ),
        (
            ["assign", "--crd", "a"],
            "没有选项 '--crd'。是否为其中之一：'--code'、'--crs'？",
            "No such option '--crd'. (Did you mean one of: '--code', '--crs'?)",
        ),
        (["gaps", "-z"], "没有选项 '-z'。", "No such option '-z'."),
        (["gaps"], "缺少参数 '责任区文件'。", "Missing argument 'ZONES'."),
        (["report", "-o", "a.html"], "缺少参数 '表格'。", "Missing argument 'TABLES'."),
        (["map", "city.gpkg"], "缺少选项 '-o' / '--output'。", "Missing option '-o' / '--output'."),
        (
            ["compare", "a", "b", "c", "d"],
            "多余的参数：c d",
            "Got unexpected extra arguments (c d)",
        ),
        (["gaps", "a", "b"], "多余的参数：b", "Got unexpected extra argument (b)"),
        (["gaps", "a", "--at"], "选项 '--at' 须给出值。", "Option '--at' requires an argument."),
        (["gaps", "a", "--json=1"], "选项 '--json' 不带值。", "Option '--json' does not take a value."),
        (
            ["map", "c", "-o", "m.pdf", "--paper", "A5"],
            "'--paper' 的值有误：'A5' 不在可选值 'A4'、'A3' 之中。",
            "Invalid value for '--paper': 'A5' is not one of 'A4', 'A3'.",
        ),
        (
            ["gaps", "z", "--most", "many"],
            "'--most' 的值有误：'many' 不是整数。",
            "Invalid value for '--most': 'many' is not a valid integer.",
        ),
        (
            ["covers", "near", "r", "东经", "40"],
            "'经度' 的值有误：'东经' 不是数值。",
            "Invalid value for 'LON': '东经' is not a valid float.",
        ),
        (
            ["synth", "f", "--grids", "3"],
            "'--grids' 的值有误：3 超出范围 x>=300。",
            "Invalid value for '--grids': 3 is not in the range x>=300.",
        ),
        (
            ["synth", "f", "--grids", "3.5"],
            "'--grids' 的值有误：'3.5' 不是整数。",
            "Invalid value for '--grids': '3.5' is not a valid integer range.",
        ),
        (
            ["check-assignment", "i", "z", "--tolerated-share", "2"],
            "'--tolerated-share' 的值有误：2.0 超出范围 0<=x<=1。",
            "Invalid value for '--tolerated-share': 2.0 is not in the range 0<=x<=1.",
        ),
        (
            ["gaps", "z", "--level", " "],
            "'--level' 的值有误：请给出级别，如 3、三级、街道级 或 any",
            "Invalid value for '--level': name a level, such as 3, 三级, 街道级 or any",
        ),
        (
            ["gaps", "z", "--lang", "zh-TW"],
            "'--lang' 的值有误：'zh-TW' 不在可选值 'zh'、'en' 之中。",
            "Invalid value for '--lang': 'zh-TW' is not one of 'zh', 'en'.",
        ),
    ],
)
def test_a_call_is_refused_in_the_language_asked_for(run, monkeypatch, words, zh, en):
    for lang, sentence, hint in (
        ("zh", f"错误：{zh}", "查看帮助：zjk-gis"),
        ("en", f"Error: {en}", "Try 'zjk-gis"),
    ):
        monkeypatch.setenv("ZJK_GIS_LANG", lang)
        code, out, err = run(*words)
        assert (code, out, err.splitlines()[-1]) == (2, "", sentence)
        assert hint in err
        assert err.startswith("用法：" if lang == "zh" else "Usage: ")


def test_a_scheme_that_is_missing_is_asked_for_with_the_choices(run):
    code, _, err = run("codes", "check", "a.csv", "--column", "c")
    assert code == 2
    assert "缺少选项 '--scheme'。可选：district、street、" in err


def refused(declared, *words):
    """Call a command with one parameter, and return why it is refused."""
    command = in_language(click.Command("x", params=[declared], help="Incidents."))
    with pytest.raises(click.ClickException) as refusing:
        command.main([*map(str, words)], prog_name="x", standalone_mode=False)
    return refusal(refusing.value).splitlines()[-1].removeprefix("错误：")


def test_whatever_a_type_of_click_finds_wrong_is_said_in_chinese(tmp_path, monkeypatch):
    """The sentences that no command says so far, in click's own words; a new release may change them."""
    file, folder = tmp_path / "f", tmp_path
    file.write_text("")
    monkeypatch.setattr("os.access", lambda *_: False)

    def option(kind, **how):
        return click.Option(["--a"], type=kind, **how)

    with speaking("zh"):
        for kind, value, said in [
            (
                click.BOOL,
                "maybe",
                f"'maybe' 不是是非值。可用：{', '.join(sorted(click.BOOL.bool_states))}",
            ),
            (click.UUID, "7", "'7' 不是 UUID。"),
            (click.FloatRange(0, 1), "x", "'x' 不是数值。"),
            (click.Choice(["it's"]), "b", "'b' 不是 \"it's\"。"),
            (click.DateTime(["%Y", "%Y-%m"]), "b", "'b' 不符合任一格式：'%Y'、'%Y-%m'。"),
            (click.DateTime(["%Y"]), "b", "'b' 不符合格式 '%Y'。"),
            (click.Path(exists=True), "no'where", '路径 "no\'where" 不存在。'),
            (click.Path(exists=True, dir_okay=False), "nowhere", "文件 'nowhere' 不存在。"),
            (click.Path(dir_okay=False), folder, f"文件 '{folder}' 是目录，不是文件。"),
            (click.Path(file_okay=False), file, f"目录 '{file}' 是文件，不是目录。"),
            (click.Path(), file, f"路径 '{file}' 不可读。"),
            (click.Path(readable=False, writable=True), file, f"路径 '{file}' 不可写。"),
            (click.Path(readable=False, executable=True), file, f"路径 '{file}' 不可执行。"),
        ]:
            assert refused(option(kind), "--a", value) == f"'--a' 的值有误：{said}"
        assert refused(option(str, nargs=2), "--a", "1") == "选项 '--a' 须给出 2 个值。"
        pair = click.Option(["--a"], nargs=2, default=("1",))
        assert refused(pair) == "'--a' 的值有误：需要 2 个值，给出了 1 个。"
        assert refused(click.Argument(["a"], nargs=2), "1") == "参数 'a' 需要 2 个值。"
        kinds = click.Option(["--a"], type=(int, int), default=(1, 2, 3))
        assert refused(kinds) == "'--a' 的值有误：需要 2 个值，给出了 3 个。"
        assert refusal(click.BadParameter("错")) == "错误：值有误：错"
        assert refusal(click.BadParameter("错", param_hint=["-a", "-b"])) == "错误：'-a' / '-b' 的值有误：错"
        assert refusal(click.MissingParameter(param_type="parameter", param_hint="a")) == "错误：缺少参数 a。"
        assert refusal(click.FileError("a.csv", "busy")) == "错误：无法打开文件 'a.csv'：busy"
        assert refusal(NoSuchCommand("a")) == "错误：没有命令 'a'。"
        assert refusal(click.UsageError("a sentence of nobody {0}")) == "错误：a sentence of nobody {0}"


def test_a_group_without_a_command_shows_what_there_is(run):
    code, out, err = run("covers")
    assert (code, out) == (2, "")
    assert "  near    查找距某处最近的井盖" in err.splitlines()


@pytest.mark.parametrize(("lang", "said"), [("zh", "zjk-gis：已中止\n"), ("en", "zjk-gis: stopped\n")])
@pytest.mark.parametrize("kind", [KeyboardInterrupt, click.Abort])
def test_a_stop_is_said(run, monkeypatch, lang, said, kind):
    def stop(*_, **__):
        raise kind

    monkeypatch.setattr("zjk_gis.cli.analysis.gaps.read_zones", stop)
    code, out, err = run("gaps", "z.gpkg", "--lang", lang)
    assert (code, out, err.lstrip()) == (130, "", said)


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("zh", "zjk-gis: 这是程序缺陷，请报告：ZeroDivisionError：{x}（"),
        ("en", "zjk-gis: this is a defect of the program, please report it: ZeroDivisionError: {x} ("),
    ],
)
def test_a_defect_is_said(run, monkeypatch, lang, said):
    def fail(*_, **__):
        raise ZeroDivisionError("{x}")

    monkeypatch.setattr("zjk_gis.cli.analysis.gaps.read_zones", fail)
    code, out, err = run("gaps", "z.gpkg", "--lang", lang)
    assert (code, out) == (3, "")
    assert err.startswith(said)


@pytest.mark.parametrize("before", [[], ["--lang", "zh"], ["--lang=zh"]])
def test_arguments_are_named_as_options_in_chinese_too(before):
    said = "请用crs='EPSG:4490'指明，或加even_if_off=True继续；其他=1，a.crs=2"
    named = "请用--crs EPSG:4490指明，或加--even-if-off继续；其他=1，a.crs=2"
    assert entry._told(InputError(said), [*before, "assign", "a.csv"]) == named
    assert entry._told(InputError("datum="), [*before, "covers", "build"]) == "--datum"
    assert entry._told(InputError("datum="), [*before, "covers", "near"]) == "`zjk-gis import --datum`"


@pytest.mark.parametrize(
    ("column", "name", "zh", "en"),
    [
        ("案件编号", "a", "案件 2 件", "2 incidents"),
        ("停车场编码", "a", "停车场 2 行", "2 parking lots"),
        ("井盖编码", "a", "窨井 2 行", "2 manholes"),
        ("部件编码", "路灯", "路灯 2 行", "2 street lamps"),
        ("名称", "公共厕所", "公共厕所 2 行", "2 public toilets"),
        ("部件编码", "a", "共 2 行", "2 rows"),
        ("名称", "a", "共 2 行", "2 rows"),
    ],
)
@pytest.mark.parametrize("ending", ["csv", "xlsx"])  # in batches, and whole
def test_rows_are_called_what_they_are(run, tmp_path, zones, column, name, zh, en, ending):
    rows = pd.DataFrame({column: ["1", "2"], "经度": [114.885, 0], "纬度": [40.825, 0]})
    rows.to_csv(tmp_path / f"{name}.csv", index=False)
    call = ["assign", tmp_path / f"{name}.csv", zones, "-o", tmp_path / f"out.{ending}"]
    code, out, _ = run(*call)
    assert (code, out.splitlines()[0]) == (0, zh)
    assert ("案件" in out) == (zh == "案件 2 件")
    code, out, _ = run(*call, "--lang", "en")
    assert (code, out.splitlines()[0]) == (0, en)
    assert ("incidents" in out) == (en == "2 incidents")


@pytest.mark.filterwarnings("ignore::UserWarning")  # openpyxl leaves out what it does not know
def test_a_workbook_of_lots_calls_them_lots(run, tmp_path, zones):
    openpyxl = pytest.importorskip("openpyxl")
    rows = pd.DataFrame({"停车场编码": ["1", "2"], "经度": [114.885, 114.886], "纬度": [40.825, 40.825]})
    rows.to_csv(tmp_path / "lots.csv", index=False)
    report = tmp_path / "report.xlsx"
    code, _, err = run("assign", tmp_path / "lots.csv", zones, "-o", tmp_path / "o.csv", "--report", report)
    assert code == 0, err
    book = openpyxl.load_workbook(report, read_only=True)
    cells = [str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row if cell]
    assert cells[0] == "停车场归属报告"
    assert [cell for cell in cells if "案件" in cell] == []


@pytest.fixture
def zones(tmp_path):
    import geopandas as gpd
    from shapely import box

    path = tmp_path / "zones.gpkg"
    square = box(114.88, 40.82, 114.89, 40.83)
    gpd.GeoDataFrame({"zone_code": ["A"], "chief_code": ["L1"]}, geometry=[square], crs=4490).to_file(path)
    return path
