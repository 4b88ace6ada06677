"""Who is let in, and who may kill: tokens, cookies, hosts, origins, methods, ACLs."""

import re
from urllib.parse import urlencode

import pytest

from pyspark_shell import SparkConf
from pyspark_shell.rest.port import Refusal
from pyspark_shell.rest.security import Access, bearer_token, is_local_host, system_groups
from pyspark_shell.rest.server_site import SYSTEM_GROUPS_PROVIDER, UISettings
from tests.rest import every_path
from tests.rest.browser import API
from tests.rest.every_path import PATHS
from tests.rest.fake_engine import APP

KILLS = ["jobs/0", "stages/0", "tasks/0", "jobGroups/g", "tags/t", "executors/1"]
FORM = {"Content_Type": "application/x-www-form-urlencoded"}


# Token and cookie -------------------------------------------------------------------------------


def test_every_handler_is_among_the_paths():
    assert every_path.uncovered() == set()
    assert len(PATHS) > 50


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "DELETE", "PATCH", "PUT", "OPTIONS"])
def test_without_the_token_nothing_is_told(browser, engine, path, method):
    for given in ({}, {"Authorization": "token wrong"}, {"Cookie": "pyspark-shell-1=x"}):
        answer = browser.ask(method, path, token=False, **given)

        assert answer.status == 401
        assert method == "HEAD" or list(answer.json) == ["error"]
        assert APP not in answer.body.decode()
    assert engine.orders == []


@pytest.mark.parametrize("header", ["token {}", "Bearer {}", "TOKEN {}"])
def test_the_token_lets_in(browser, header):
    given = header.format(browser.token)

    assert browser.get("", token=False, Authorization=given).json["id"] == APP


def test_the_token_may_stand_in_the_address(browser):
    assert browser.get(f"?token={browser.token}", token=False).json["id"] == APP
    assert browser.get("?token=wrong", token=False).status == 401


@pytest.mark.parametrize(
    ("header", "token"),
    [("token abc", "abc"), ("Bearer abc", "abc"), ("Basic abc", ""), ("", ""), ("token", "")],
)
def test_the_header_is_read(header, token):
    assert bearer_token(header) == token


def test_a_browser_gets_a_cookie_for_the_token_and_the_address_without_it(browser):
    answer = browser.get(f"/?token={browser.token}", token=False)

    assert (answer.status, answer.headers["Location"]) == (302, "/")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"pyspark-shell-{browser.server.port}=")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert browser.token not in cookie
    page = browser.get("/", token=False, Cookie=browser.sign_in())
    assert page.status == 200
    assert page.headers["Content-Type"].startswith("text/html")
    assert browser.token not in page.body.decode()


@pytest.mark.parametrize("name", ["jobs", "stages", "storage", "environment", "executors"])
def test_addresses_of_sparks_pages_lead_to_ours(browser, name):
    answer = browser.get(f"/{name}/?token={browser.token}", token=False)

    assert (answer.status, answer.headers["Location"]) == (302, f"/#{name}")
    assert answer.headers["Set-Cookie"]


def test_a_wrong_token_gives_no_cookie(browser):
    answer = browser.get("/?token=wrong", token=False, Accept="text/html")

    assert answer.status == 401
    assert answer.headers["Set-Cookie"] is None
    assert b"<form" in answer.body


def test_a_browser_without_a_cookie_is_asked_for_the_token(browser):
    answer = browser.get("/", token=False, Accept="text/html")

    assert answer.status == 401
    assert b"<form" in answer.body
    assert b"pyspark-shell ps --urls" in answer.body, "how to get in"
    assert b"http-equiv" not in answer.body


def test_a_strict_cookie_that_stayed_at_home_is_brought_by_a_reload(browser):
    answer = browser.get("/", token=False, Accept="text/html", Sec_Fetch_Site="cross-site")

    assert b'http-equiv="refresh"' in answer.body


# Where it comes from ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
def test_a_name_of_somebody_elses_dns_is_refused(browser, engine, path):
    for host in ("evil.example", "evil.example:4040", "127.0.0.1.evil.example", ""):
        for method in ("GET", "POST"):
            answer = browser.ask(method, path, Host=host)

            assert answer.status == 403, host
            assert list(answer.json) == ["error"]
            assert APP not in answer.body.decode()
    assert engine.orders == []


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "[::1]:4040", "LOCALHOST"])
def test_this_machine_has_several_names(browser, host):
    assert is_local_host(host)
    assert browser.get("jobs", Host=host).status == 200


def test_on_the_socket_hosts_mean_nothing(browser):
    assert browser.get("jobs", unix=True, Host="anything").status == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", "http://["])
def test_orders_of_other_pages_are_refused(browser, engine, origin):
    cookie = browser.sign_in()
    csrf = browser.server.secrets.csrf

    by_page = browser.post(
        "jobs/0/kill", token=False, Cookie=cookie, X_CSRF_Token=csrf, Origin=origin
    )

    assert by_page.status == 403
    assert browser.post("jobs/0/kill", Origin=origin).status == 403
    assert engine.orders == []


def test_our_own_page_gives_orders_with_its_csrf_token(browser, engine):
    cookie = browser.sign_in()
    own = {"Origin": browser.server.web_url, "Cookie": cookie, "token": False}

    without = browser.post("jobs/0/kill", **own)
    wrong = browser.post("jobs/0/kill", X_CSRF_Token="0" * 32, **own)
    right = browser.post("jobs/0/kill", X_CSRF_Token=browser.server.secrets.csrf, **own)

    assert [without.status, wrong.status, right.status] == [403, 403, 202]
    assert [order.who for _, _, order in engine.orders] == ["the web page"]


def test_every_order_by_cookie_wants_the_csrf_token(browser, engine):
    cookie = browser.sign_in()

    for path in [*(f"{each}/kill" for each in KILLS), "kill", "cleaner/gc", "cleaner/forget"]:
        assert browser.post(path, token=False, Cookie=cookie).status == 403
    assert engine.orders == []


# Methods ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "TRACE", "NONSENSE"])
@pytest.mark.parametrize("path", ["jobs", "jobs/0/kill", "/", "/jobs/job/kill/", "events"])
def test_other_methods_are_refused(browser, engine, method, path):
    answer = browser.ask(method, path)

    assert answer.status == 405
    assert engine.orders == []


def test_the_answer_says_what_would_be_allowed(browser):
    refused = {"error": "This path can be asked GET or OPTIONS, not NONSENSE."}
    assert browser.ask("NONSENSE", "jobs").json == refused
    assert browser.post("/").json == {"error": "This path can be asked GET, not POST."}
    assert browser.post("jobs").headers["Allow"] == "GET,OPTIONS"
    assert browser.get("jobs/0/kill").headers["Allow"] == "POST,OPTIONS"
    assert browser.ask("OPTIONS", "jobs").headers["Allow"] == "GET,OPTIONS"
    assert browser.ask("OPTIONS", "jobs").headers["Access-Control-Allow-Origin"] is None


@pytest.mark.parametrize("method", ["DELETE", "NONSENSE"])
@pytest.mark.parametrize("path", [f"{API}/nothing", "/nowhere"])
def test_a_path_that_leads_nowhere_cannot_be_asked_at_all(browser, caplog, method, path):
    answer = browser.ask(method, path)

    assert (answer.status, answer.json) == (404, {"error": f"unknown path: {path}"})
    assert caplog.messages == []


# Spark's classic addresses ----------------------------------------------------------------------


@pytest.fixture
def classic(browser):
    """Yield a function that posts Spark's form as a browser with a cookie does."""
    cookie = browser.sign_in()

    def post(path="/jobs/job/kill/", method="POST", csrf=None, **headers):
        fields = {"id": "0", "csrfToken": csrf or browser.server.secrets.csrf}
        own = {"token": False, "Cookie": cookie, "Accept": "text/html", **FORM, **headers}
        if method == "GET":
            return browser.get(f"{path}?{urlencode(fields)}", **own)
        return browser.ask(method, path, urlencode(fields), **own)

    return post


@pytest.mark.parametrize("kind", ["job", "stage"])
def test_a_form_kills_and_leads_back(classic, engine, kind):
    answer = classic(f"/{kind}s/{kind}/kill/")

    assert (answer.status, answer.headers["Location"]) == (302, f"/#{kind}s")
    assert [(k, target) for k, target, _ in engine.orders] == [(kind, 0)]


def test_a_program_is_told_what_became_of_it(classic):
    answer = classic(Accept="*/*")

    assert answer.status == 202
    assert answer.json["result"] == "killing"


def test_links_do_not_kill(classic, engine):
    assert classic(method="GET").status == 405
    assert engine.orders == []


def test_links_kill_where_they_are_wanted(serve, engine):
    browser = serve(spark__ui__actionsViaGetEnabled="true")
    link = f"/jobs/job/kill/?id=0&csrfToken={browser.server.secrets.csrf}"
    cookie = browser.sign_in()

    assert browser.get("/jobs/job/kill/?id=0", token=False, Cookie=cookie).status == 403
    assert browser.get(link, token=False, Cookie=cookie, Sec_Purpose="prefetch").status == 403
    assert engine.orders == []
    assert browser.get(link, token=False, Cookie=cookie).status == 202


@pytest.mark.parametrize("header", ["Purpose", "Sec_Purpose", "X_Moz"])
def test_what_a_browser_fetches_in_advance_does_not_kill(classic, engine, header):
    answer = classic(**{header: "prefetch;prerender"})

    assert answer.status == 403
    assert answer.json["error"] == "Prefetch request rejected on a state-changing endpoint."
    assert engine.orders == []


def test_forms_of_other_pages_do_not_kill(classic, engine):
    assert classic(csrf="0" * 32).status == 403
    assert classic(Origin="http://evil.example").status == 403
    assert engine.orders == []


def test_a_classic_kill_without_a_number_is_refused(browser):
    csrf = f"csrfToken={browser.server.secrets.csrf}"

    assert browser.post(f"/jobs/job/kill/?{csrf}").status == 400
    assert browser.post(f"/jobs/job/kill/?id=x&{csrf}").status == 400
    assert browser.post(f"/jobs/job/kill/?id=99&{csrf}").status == 404


@pytest.mark.parametrize("unix", [False, True])
def test_a_classic_kill_wants_the_forms_token_of_everybody(browser, engine, unix):
    csrf = f"csrfToken={browser.server.secrets.csrf}"
    text = "Missing or invalid CSRF token on a state-changing endpoint."

    for query in ("", "&csrfToken=", f"&csrfToken={'0' * 32}"):
        answer = browser.post(f"/jobs/job/kill/?id=0{query}", unix=unix)
        assert (answer.status, answer.json["error"]) == (403, text)
    assert engine.orders == []
    assert browser.post(f"/jobs/job/kill/?id=0&{csrf}", unix=unix).status == 202


@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_in_sparks_way_a_classic_kill_that_cannot_be_just_leads_back(serve, engine, accept):
    browser = serve(spark__pyshell__compat="spark")
    engine.job_rows[5] = {"jobId": 5, "status": "SUCCEEDED"}

    def kill(query):
        csrf = f"csrfToken={browser.server.secrets.csrf}"
        answer = browser.post(f"/jobs/job/kill/?{query}&{csrf}", Accept=accept)
        return answer.status, answer.headers.get("Location")

    assert kill("id=99") == kill("") == kill("id=5") == (302, "/#jobs")
    assert kill("id=x") == (500, None)
    assert engine.orders == []
    assert kill("id=0") == (302, "/#jobs")
    assert [(kind, target) for kind, target, _ in engine.orders] == [("job", 0)]
    assert browser.post("/jobs/job/kill/?id=0").status == 403


# Rights -----------------------------------------------------------------------------------------


def test_without_acls_everybody_who_is_let_in_may_kill(serve):
    assert serve().post("jobs/0/kill?doAs=bob").status == 202


@pytest.mark.parametrize(
    ("user", "sees", "kills"),
    [
        ("ada", True, True),
        ("bob", True, False),
        ("cleo", False, False),
        ("dora", True, True),
        ("emil", True, True),
        ("root", True, True),
    ],
)
def test_acls_say_who_sees_and_who_kills(serve, engine, user, sees, kills):
    browser = serve(
        groups_of=lambda user: frozenset({"ops"} if user == "emil" else ()),
        spark__acls__enable="true",
        spark__admin__acls="root,ada",
        spark__ui__view__acls="bob,dora",
        spark__modify__acls="dora",
        spark__ui__view__acls__groups="ops",
        spark__modify__acls__groups="ops",
    )

    assert (browser.get(f"jobs?doAs={user}").status == 200) == sees
    assert (browser.post(f"jobs/0/kill?doAs={user}").status == 202) == kills
    refused = browser.post(f"jobs/0/kill?doAs={user}")
    assert kills or refused.status == 403
    assert len(engine.orders) == 2 * kills
    page = browser.get(f"/?doAs={user}")
    assert not sees or (b'name="kill" content="yes"' in page.body) == kills


def test_only_admins_act_as_others(serve):
    browser = serve(spark__acls__enable="true", spark__modify__acls="bob")

    answer = browser.post("jobs/0/kill?doAs=bob")

    assert answer.status == 403
    assert answer.json["error"] == "User ada is not allowed to impersonate others."


def test_nobody_is_refused_when_acls_are_on():
    conf = SparkConf(loadDefaults=False).set("spark.acls.enable", "true")
    access = Access.read(conf.set("spark.ui.view.acls", "*"), "ada")

    assert not access.may_view(None)
    assert not access.may_modify(None)
    assert access.may_view("anybody")
    assert not access.may_modify("anybody")
    with pytest.raises(Refusal, match="not allowed to impersonate"):
        access.acting("bob", "ada")


def test_in_sparks_way_nobody_is_everybody():
    conf = SparkConf(loadDefaults=False).set("spark.acls.enable", "true")
    access = Access.read(conf.set("spark.pyshell.compat", "spark"), "ada")

    assert access.may_view(None)
    assert access.may_modify(None)
    assert not access.may_modify("eve")


def test_settings_without_an_effect_are_told(caplog):
    conf = SparkConf(loadDefaults=False)
    UISettings.read(conf, "ada")
    UISettings.read(conf.set("spark.user.groups.mapping", SYSTEM_GROUPS_PROVIDER), "ada")
    assert caplog.text == ""

    conf.set("spark.ui.liveUpdate.minFlushPeriod", "3s")
    UISettings.read(conf.set("spark.user.groups.mapping", "com.example.Groups"), "ada")

    assert "spark.ui.liveUpdate.minFlushPeriod has no effect" in caplog.text
    assert "spark.user.groups.mapping=com.example.Groups has no effect" in caplog.text


def test_groups_are_the_systems():
    assert "root" in system_groups("root")
    assert system_groups("no such user") == frozenset()


@pytest.mark.parametrize("kill", KILLS)
def test_kills_can_be_switched_off(serve, engine, kill):
    browser = serve(spark__ui__killEnabled="false")

    answer = browser.post(f"{kill}/kill")

    assert answer.status == 403
    assert "spark.ui.killEnabled" in answer.json["error"]
    assert browser.post("/jobs/job/kill/?id=0").status == 403
    assert browser.post("cleaner/gc").status == 200
    assert engine.orders == []


def test_the_page_knows_what_its_user_may_do(serve):
    page = serve(spark__acls__enable="true", spark__admin__acls="ada", spark__ui__view__acls="eve")
    harmless = serve(socket=False, spark__ui__killEnabled="false")

    def told(browser, query=""):
        metas = re.findall(rb'<meta name="(kill|change)" content="(\w+)">', browser.get(query).body)
        return dict(metas)

    assert told(page, "/") == {b"kill": b"yes", b"change": b"yes"}
    assert told(page, "/?doAs=eve") == {b"kill": b"no", b"change": b"no"}
    assert told(harmless, "/") == {b"kill": b"no", b"change": b"yes"}


def test_stacks_can_be_switched_off(serve):
    browser = serve(spark__ui__threadDumpsEnabled="false")

    for path in ("threads", "executors/1/threads", "tasks/1/threads", "threads?taskId=1"):
        assert browser.get(path).status == 403


# Headers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "/", "/nowhere", "jobs/99", "/static/app.js"])
def test_every_answer_is_guarded_by_its_headers(browser, path):
    headers = browser.get(path).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert headers["Cache-Control"] == "no-cache, no-store, must-revalidate"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Server"] is None


def test_the_page_runs_its_own_scripts_alone(browser):
    first, second = (browser.get("/").headers["Content-Security-Policy"] for _ in range(2))

    assert "'unsafe-inline'" not in first
    assert "nonce-" in first
    assert first != second
