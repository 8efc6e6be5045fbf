"""The page in a browser: headless Chromium, driven by its own driver; skipped where either is absent."""

import base64
import shutil
import time

import pytest

from mfnas_vec.cli import main

GRID = """
title: a grid for the browser
problems: [nb201-cifar10, nbasr]
n_run: 12
optimizers:
  RS: {max_time: 2000}
  SH: {}
  MF-NAS:
    metric_stage1: [params, synflow]
    n_candidate: [8, 32]
"""
CHROMIUM, DRIVER = (shutil.which(name) for name in ("chromium", "chromedriver"))
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="chromium or chromium-driver is not installed"),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    (folder / "grid.yaml").write_text(GRID)
    assert main(["sweep", str(folder / "grid.yaml"), "--out", str(folder / "s.zarr")]) == 0
    assert main(["report", str(folder / "s.zarr"), "--out", str(folder / "page.html")]) == 0
    return (folder / "page.html").as_uri()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    profile = tmp_path_factory.mktemp("profile")
    # Containers have no user namespaces for the sandbox, and little shared memory.
    flags = ("headless=new", "no-sandbox", "disable-dev-shm-usage", f"user-data-dir={profile}")
    for flag in flags:
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def page(chromium, address):
    """The page on a desktop, in light colours, as first opened."""
    show(chromium, address)
    yield chromium
    assert chromium.get_log("browser") == []


def show(driver, address, width=1280, height=900, scheme="light"):
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    wishes = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
    features = [{"name": name, "value": value} for name, value in wishes.items()]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    driver.get(address)


def column(page, place):
    """Texts of a column of the rows that are shown."""
    return page.execute_script(
        "return Array.from(document.querySelectorAll('#comparison tbody tr')).filter(r => r.offsetParent !== null)"
        f".map(r => r.cells[{place}].dataset.value || r.cells[{place}].innerText.trim())"
    )


def head(page, name):
    heads = page.find_elements("css selector", "#comparison thead th")
    return next((i, th) for i, th in enumerate(heads) if th.text.startswith(name))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_no_errors_and_no_sideways_scrolling(chromium, address, width, scheme):
    show(chromium, address, width, 800, scheme)
    chromium.execute_script("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    scrolled = "return [document.scrollingElement.scrollWidth, window.innerWidth]"
    wide, inner = chromium.execute_script(scrolled)
    assert inner == width
    assert wide <= inner
    assert chromium.get_log("browser") == []
    ground = chromium.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 26)"}[scheme]


def test_the_policy_is_in_force(page):
    page.execute_script(
        "const s = document.createElement('script'); s.textContent = 'window.forbidden = 1'; document.body.append(s)"
    )
    assert page.execute_script("return window.forbidden === undefined")
    assert "Content Security Policy" in page.get_log("browser")[0]["message"]


def test_numbers_sort_up_and_down_by_mouse(page):
    place, th = head(page, "Mean")
    assert th.get_attribute("aria-sort") is None
    before = [float(v) for v in column(page, place)]
    th.find_element("tag name", "button").click()
    assert th.get_attribute("aria-sort") == "ascending"
    assert [float(v) for v in column(page, place)] == sorted(before)
    th.find_element("tag name", "button").click()
    assert th.get_attribute("aria-sort") == "descending"
    assert [float(v) for v in column(page, place)] == sorted(before, reverse=True)
    head(page, "Search")[1].find_element("tag name", "button").click()
    assert th.get_attribute("aria-sort") is None


@pytest.mark.parametrize("key", ["ENTER", "SPACE"])
def test_texts_sort_by_keyboard(page, key):
    from selenium.webdriver.common.keys import Keys

    place, th = head(page, "Search")
    button = th.find_element("tag name", "button")
    page.execute_script("arguments[0].focus()", button)
    button.send_keys(getattr(Keys, key))
    up = column(page, place)
    assert up[0].startswith("MF-NAS")
    assert up[-1].startswith("SH")
    # 8 before 32: numbers within texts count as numbers.
    assert up[0].endswith(", k=8)")
    button.send_keys(getattr(Keys, key))
    assert column(page, place)[0].startswith("SH")


def test_unknown_numbers_stand_last_either_way(page):
    place, th = head(page, "Seconds")
    for _ in range(2):
        th.find_element("tag name", "button").click()
        values = column(page, place)
        assert values[6:] == ["–"] * 6  # nbasr is not timed
        assert "–" not in values[:6]


def test_rows_are_filtered_by_words_and_by_problem(page):
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import Select

    count = page.find_element("id", "count")
    assert count.text == "12 of 12 rows"
    assert count.get_attribute("role") == "status"
    box = page.find_element("id", "filter")
    box.send_keys("SYNFLOW k=32")
    assert count.text == "2 of 12 rows"
    assert all("synflow" in text and "32" in text for text in column(page, 0))
    Select(page.find_element("id", "problem")).select_by_visible_text("nbasr")
    assert count.text == "1 of 12 rows"
    assert column(page, 1) == ["nbasr"]
    box.send_keys(Keys.CONTROL, "a", Keys.DELETE)
    assert count.text == "6 of 12 rows"
    assert set(column(page, 1)) == {"nbasr"}
    box.send_keys("no such row")
    assert count.text == "0 of 12 rows"


def test_colours_can_be_chosen(page):
    button = page.find_element("id", "scheme")
    ground = "return getComputedStyle(document.body).backgroundColor"
    light = page.execute_script(ground)
    assert button.get_attribute("aria-pressed") == "false"
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    assert page.execute_script(ground) != light
    button.click()
    assert page.execute_script(ground) == light


def test_everything_has_a_name(page):
    nameless = page.execute_script(
        """
        const bad = [];
        for (const e of document.querySelectorAll('svg:not([aria-hidden=true]), img, [role=region], nav, section')) {
          const ids = (e.getAttribute('aria-labelledby') || '').split(/\\s+/).filter(Boolean);
          const texts = ids.map(i => document.getElementById(i)?.textContent.trim());
          if (!e.getAttribute('aria-label') && !e.getAttribute('alt') && !(texts.length && texts.every(Boolean)))
            bad.push(e.outerHTML.slice(0, 80));
        }
        for (const e of document.querySelectorAll('input, select'))
          if (!e.labels.length) bad.push(e.outerHTML);
        return bad;
        """
    )
    assert nameless == []
    assert page.execute_script("return document.querySelectorAll('main svg[role=img]').length") >= 4
    ids = page.execute_script("return Array.from(document.querySelectorAll('[id]'), e => e.id)")
    assert len(ids) == len(set(ids))
    assert page.execute_script("return document.documentElement.lang") == "en"


def test_headers_of_tables_state_their_scope(page):
    told = page.execute_script(
        "return Array.from(document.querySelectorAll('table')).map(t => ["
        "t.querySelectorAll('th').length, t.querySelectorAll('th[scope]').length,"
        "Array.from(t.tBodies).every(b => Array.from(b.rows).every(r => r.cells[0].tagName === 'TH'))])"
    )
    assert len(told) >= 6
    assert all(n > 0 and n == scoped and rows for n, scoped, rows in told)


def test_links_lead_somewhere_and_the_skip_link_is_first(page):
    from selenium.webdriver.common.keys import Keys

    missing = page.execute_script(
        "return Array.from(document.querySelectorAll('a[href^=\"#\"]'), a => a.hash.slice(1))"
        ".filter(id => !document.getElementById(id))"
    )
    assert missing == []
    page.find_element("tag name", "body").send_keys(Keys.TAB)
    active = page.switch_to.active_element
    assert active.text == "Skip to the results"
    assert active.rect["y"] >= 0
    outline = page.execute_script("return getComputedStyle(arguments[0]).outlineStyle", active)
    assert outline == "solid"
    active.send_keys(Keys.ENTER)
    assert page.switch_to.active_element.get_attribute("id") == "main"


def test_heads_of_long_tables_stay_in_sight(page):
    region = page.find_element("css selector", "#comparison").find_element("xpath", "..")
    tops = page.execute_script(
        "const r = arguments[0]; r.style.maxHeight = '10rem'; r.scrollTop = 200;"
        "const th = r.querySelector('thead th');"
        "return [th.getBoundingClientRect().top - r.getBoundingClientRect().top, r.scrollTop]",
        region,
    )
    assert tops[1] > 0
    assert -1 <= tops[0] <= 2


def test_a_download_is_the_file_that_it_says(page, tmp_path):
    page.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    link = page.find_element("css selector", 'a[download="results.csv"]')
    wanted = base64.b64decode(link.get_attribute("href").partition("base64,")[2])
    page.execute_script("arguments[0].scrollIntoView()", link)
    link.click()
    deadline = time.monotonic() + 20
    while not (tmp_path / "results.csv").is_file() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (tmp_path / "results.csv").read_bytes() == wanted
    assert wanted.startswith(b"problem,search,provenance,n_run")
    assert wanted.count(b"\n") == 13


@pytest.mark.parametrize(("width", "media"), [(1300, "screen"), (718, "print")])
def test_no_column_is_hidden_on_a_desktop_or_on_paper(chromium, address, width, media):
    show(chromium, address, width)
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media})
    hidden = chromium.execute_script(
        "document.querySelectorAll('details').forEach(d => { d.open = true; });"
        "return Array.from(document.querySelectorAll('.scroll:has(table)'))"
        ".filter(r => r.scrollWidth > r.clientWidth + 1).map(r => r.getAttribute('aria-label'))"
    )
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert hidden == []
