"""What a city file says of publishing counts in call, command and weekly run; an option comes first."""

import json
import re
from types import SimpleNamespace

import geopandas as gpd
import pytest
from shapely import Point, box

from zjk_gis import City, Workspace, read_city
from zjk_gis.city import publish_city
from zjk_gis.city.publish.settings import folder_said
from zjk_gis.city.refresh import _published
from zjk_gis.errors import FileError, InputError

X, Y, DAY = 573000, 4520000, "2025-11-30"
APPROVAL = "冀S(2025)001号"
SAID = f"""[publish]
folder = "发布"
audience = "public"
approval_number = "{APPROVAL}"
[thresholds]
nearest_m = 70
gap_min_m2 = 200
least_cases = 2
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A city of two zones in one street, with a gap of 100 m² between them; two cases lie 60 m outside."""
    folder = tmp_path_factory.mktemp("home")
    ground = {"geometry": [box(X, Y, X + 201, Y + 100)], "crs": 4547}
    cases = gpd.GeoDataFrame(
        {
            "incident_code": ["1", "2", "3"], "event_code": "0102",
            "occurred_at": ["2025-11-01", "2025-11-02", "2025-11-03"],
            "street_code": "130703005", "handled_at": "2025-11-09",
        },
        geometry=[Point(X - 60, Y + 50), Point(X - 60, Y + 60), Point(X + 50, Y + 50)], crs=4547,
    )  # fmt: skip
    layers = {
        "responsibility_zones": gpd.GeoDataFrame(
            {"zone_code": ["A", "B"], "chief_code": ["L1", "L2"], "phone": "13900000001"},
            geometry=[box(X, Y, X + 100, Y + 100), box(X + 101, Y, X + 201, Y + 100)], crs=4547,
        ),
        "built_up_areas": gpd.GeoDataFrame({"area_code": ["r"]}, **ground),
        "streets": gpd.GeoDataFrame({"street_code": ["130703005"], "street_name": "堡子里街道"}, **ground),
        "incidents": cases,
    }  # fmt: skip
    for file, left_out in (("库.gpkg", ""), ("无案件.gpkg", "incidents")):
        with Workspace.open(folder / file) as workspace:
            for name in (each for each in layers if each != left_out):
                workspace.write(name, layers[name], on_problems="keep")
    return folder


@pytest.fixture
def city(home):
    def written(text=SAID, *, workspace="无案件.gpkg"):
        path = home / "city.toml"
        path.write_text(f'[city]\nname = "示例市"\nworkspace = "{workspace}"\n{text}', encoding="utf-8")
        return path

    return written


def text_of(folder, name="index.html"):
    return (folder / name).read_text("utf-8")


def bytes_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_command_the_call_and_the_weekly_run_make_the_same_folder_of_a_city_file(
    run, city, home, tmp_path
):
    path = city()
    code, told, _ = run("publish", path, "--at", DAY, "--json")
    assert code == 0
    folder = home / "发布"
    assert json.loads(told)["folder"] == str(folder)
    commanded = bytes_of(folder)
    publish_city(read_city(path), tmp_path / "called", settings=path, at=DAY)
    assert bytes_of(tmp_path / "called") == commanded
    done = _published(City.read(path), read_city(path), SimpleNamespace(at=DAY))
    assert done.outcome == "done"
    assert bytes_of(folder) == commanded
    front = text_of(folder)
    assert f"审图号：{APPROVAL}" in front
    assert "<h1>示例市</h1>" in front
    assert "公开版" in front


def test_thresholds_of_the_city_file_count(city, tmp_path):
    zone, finding = {}, {}
    for name, text in (("own", SAID), ("usual", "")):
        folder, path = tmp_path / name, city(text, workspace="库.gpkg")
        publish_city(read_city(path), folder, settings=path, at=DAY, audience="bureau", printed=False)
        (row,) = re.findall(r"<tr>(?:(?!</tr>).)*>A<.*?</tr>", text_of(folder, "依据/zones.html"), re.DOTALL)
        zone[name] = int(re.findall(r'<td class="n">(\d+)', row)[0])
        finding[name] = "G001" in text_of(folder, "依据/findings.html")
    assert zone == {"own": 3, "usual": 1}  # two cases are 60 m away
    assert finding == {"own": False, "usual": True}  # the gap has 100 m²


def test_an_option_comes_before_the_city_file(run, city, tmp_path):
    code, _, told = run(
        "publish", city(), "-o", tmp_path / "a", "--at", DAY, "--no-prints", "--audience", "bureau",
        "--approval", "自拟1号", "--title", "别名", "--lang", "en",
    )  # fmt: skip
    assert code == 0, told
    front = text_of(tmp_path / "a")
    assert "自拟1号" in front
    assert APPROVAL not in front
    assert "<h1>别名</h1>" in front
    assert 'lang="en"' in front
    assert "13900000001" in text_of(tmp_path / "a", "chiefs/L1.html")


def test_the_language_of_the_city_file_is_that_of_the_folder_unless_another_is_asked_for(run, city, tmp_path):
    path = city('[publish]\nlanguage = "en"\n')
    for at, options in enumerate(([], ["--lang", "zh"])):
        assert run("publish", path, "-o", tmp_path / str(at), "--at", DAY, "--no-prints", *options)[0] == 0
    assert 'lang="en"' in text_of(tmp_path / "0")
    assert 'lang="zh' in text_of(tmp_path / "1")


def test_a_mask_of_the_city_file_is_dropped_for_a_public_that_is_asked_for(city, tmp_path):
    path = city('[publish]\npersonal = "mask"\n')
    publish_city(read_city(path), tmp_path / "a", settings=path, audience="public", at=DAY, printed=False)
    assert "139" not in text_of(tmp_path / "a", "路长/L1.html").split("</style>")[1]
    path = city('[publish]\npersonal = "mask"\naudience = "public"\n')
    with pytest.raises(InputError, match="personal"):
        publish_city(read_city(path), tmp_path / "b", settings=path, at=DAY, printed=False)


def test_without_a_folder_anywhere_the_command_says_where_to_name_one(run, city):
    code, _, told = run("publish", city(""), "--at", DAY)
    assert code == 2
    assert "-o" in told
    assert "[publish]" in told


def test_a_folder_that_is_a_link_out_of_the_city_s_is_refused(run, city, home, tmp_path):
    (home / "链接").symlink_to(tmp_path)
    path = city('[publish]\nfolder = "链接/发布"\n')
    assert run("publish", path, "--at", DAY)[0] != 0
    with pytest.raises(FileError, match="outside"):
        folder_said(City.read(path))
    (home / "链接").unlink()
