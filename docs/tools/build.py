"""Build the documentation into build/site: pages that open from a folder, with their search, without network.

The guide is docs/zh (Chinese, first) and docs/en; the policy's clauses are docs/clauses.toml, each run on the
sample here; catalogue, tables, commands and reference are made of the package, notebooks/ run on it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

os.environ |= {"ZJK_GIS_LANG": "zh", "COLUMNS": "100"}

from clauses import clause_page, read_clauses
from pages import command_page, reference_pages, standards_page
from tutorial import tutorial_page

from notebooks import Notebooks
from zjk_gis import __version__
from zjk_gis.layers.checks.reference import reference_page
from zjk_gis.synth import make_city, write_city

DOCS = Path(__file__).resolve().parents[1]
ROOT = DOCS.parent
PAGES, SITE, WORK = ROOT / "build" / "docs", ROOT / "build" / "site", ROOT / "build" / "docs-work"
SHIM = "https://unpkg.com/iframe-worker/shim"

# A page from a folder may not start a worker from a file; from its own text it may.
_WORKER = """(() => {{
  if (location.protocol !== "file:") return;
  const text = {text};
  const Plain = window.Worker;
  window.Worker = class extends Plain {{
    constructor() {{
      super(URL.createObjectURL(new Blob([text], {{ type: "text/javascript" }})));
    }}
  }};
}})();
"""


def main() -> None:
    """Write the pages, build the site, and let it work without network."""
    for folder in (PAGES, SITE, WORK / "notebooks"):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(DOCS / "zh", PAGES)
    shutil.copytree(DOCS / "en", PAGES / "en")
    for name in ("layers.md", "layers.zh.md", "map.png", "print.png", "site.css"):
        shutil.copy(DOCS / name, PAGES / name)
    write_pages()
    for page in (PAGES / "index.md", PAGES / "en" / "index.md"):
        page.write_text(page.read_text(encoding="utf-8").replace("{version}", __version__), encoding="utf-8")
    settings = shutil.copy(DOCS / "mkdocs.yml", PAGES.parent)
    command = [sys.executable, "-m", "zensical", "build", "--strict", "-f", str(settings)]
    subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603  our own words
    work_offline()
    print(f"build/site/index.html: {len(list(SITE.rglob('*.html')))} pages")


def write_pages() -> None:
    """Write the pages that are made of the package, its tables and its answers on the sample."""
    sample = _sample()
    notebooks = Notebooks(ROOT / "notebooks", sample, WORK / "notebooks")
    os.chdir(sample.parent)
    made = {
        "policy.md": clause_page(read_clauses(DOCS / "clauses.toml")),
        "tutorial.md": tutorial_page(DOCS / "zh" / "tutorial.md", sample, WORK / "tutorial"),
        "commands.md": command_page("zh"),
        "en/commands.md": command_page("en"),
        "standards.md": standards_page(),
        "layers.zh.md": reference_page("zh"),
        "layers.md": reference_page("en"),
    }
    made |= {f"reference/{name}.md": text for name, text in reference_pages().items()}
    made |= {f"notebooks/{name}.md": text for name, text in notebooks.pages().items()}
    for name, text in made.items():
        path = PAGES / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for picture in sorted((WORK / "notebooks").glob("*.png")):
        shutil.copy(picture, PAGES / "notebooks" / picture.name)


def _sample() -> Path:
    """Return the folder of the sample; it is made where there is none."""
    there = ROOT / "sample_data"
    if not (there / "truth.json").is_file():
        there = WORK / "sample_data"
    if not (there / "truth.json").is_file():
        write_city(make_city(), there)
    return there


def work_offline() -> None:
    """Put the search's worker into a script of the site, in the place of one that a network would bring."""
    (worker,) = (SITE / "assets" / "javascripts" / "workers").glob("search.*.js")
    text = json.dumps(worker.read_text(encoding="utf-8")).replace("</", "<\\/")
    (SITE / "assets" / "javascripts" / "offline.js").write_text(_WORKER.format(text=text), encoding="utf-8")
    for page in SITE.rglob("*.html"):
        html = page.read_text(encoding="utf-8")
        up = "../" * (len(page.relative_to(SITE).parts) - 1)
        html = html.replace(SHIM, f"{up or './'}assets/javascripts/offline.js")
        if asked := re.findall(r'(?:src|href)="(https?://(?!zensical\.org)[^"]+\.(?:js|css|woff2?))"', html):
            raise RuntimeError(f"{page}: asks the network for {asked[0]}")
        page.write_text(html, encoding="utf-8")


if __name__ == "__main__":
    main()
