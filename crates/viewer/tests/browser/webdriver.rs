//! A browser, driven by [WebDriver](https://www.w3.org/TR/webdriver2/): the few commands that the tests need.

use std::env;
use std::io::{BufRead, BufReader};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures_util::FutureExt;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

/// How long something may take to show up, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A headless Chromium with one window.
#[derive(Debug)]
pub(crate) struct Browser {
    http: reqwest::Client,
    /// The URL of its session.
    session: String,
}

/// Runs a test in a browser, which is ended whatever happens. Where there is none, says so.
pub(crate) async fn with_browser(test: impl AsyncFnOnce(&Browser)) {
    let Some((mut driver, port)) = start_driver() else {
        eprintln!("skipped: there is no chromedriver (Debian: chromium, chromium-driver)");
        return;
    };
    let done = match Browser::start(port).await {
        Ok(browser) => {
            let done = AssertUnwindSafe(test(&browser)).catch_unwind().await;
            browser.send(Method::DELETE, "", Value::Null).await.ok();
            done
        }
        Err(error) if error.contains("cannot find Chrome binary") => {
            eprintln!("skipped: there is no Chromium for the chromedriver");
            Ok(())
        }
        Err(error) => Err(Box::new(error) as _),
    };
    end(&mut driver, port).await;
    if let Err(panic) = done {
        resume_unwind(panic);
    }
}

/// Lets the driver go, which then removes the browser's profile.
async fn end(driver: &mut Child, port: u16) {
    reqwest::get(format!("http://127.0.0.1:{port}/shutdown"))
        .await
        .ok();
    for _ in 0..60 {
        if !matches!(driver.try_wait(), Ok(None)) {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    driver.kill().ok();
    driver.wait().ok();
}

/// A driver on a port of its choice.
fn start_driver() -> Option<(Child, u16)> {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let said = BufReader::new(driver.stdout.take()?);
    let port = said.lines().map_while(Result::ok).find_map(|line| {
        let (_, port) = line.split_once("started successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    });
    Some((driver, port?))
}

impl Browser {
    async fn start(port: u16) -> Result<Self, String> {
        let mut arguments = vec!["--headless=new", "--disable-gpu", "--disable-dev-shm-usage"];
        // The sandbox refuses to work for root, which is who containers run as.
        if env::var_os("USER").is_none_or(|user| user == "root") {
            arguments.push("--no-sandbox");
        }
        let mut browser = Self {
            http: reqwest::Client::new(),
            session: format!("http://127.0.0.1:{port}/session"),
        };
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "unhandledPromptBehavior": "ignore",
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}});
        let answer = browser.send(Method::POST, "", wanted).await?;
        let id = answer["sessionId"].as_str().ok_or("no session")?;
        browser.session = format!("{}/{id}", browser.session);
        Ok(browser)
    }

    pub(crate) async fn open(&self, url: &str) {
        self.command("/url", json!({ "url": url })).await;
    }

    /// The value of a script's `return`.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.command("/execute/sync", json!({"script": script, "args": []}))
            .await
    }

    /// The value of a script once it is what is waited for.
    pub(crate) async fn until(
        &self,
        what: &str,
        script: &str,
        is: impl Fn(&Value) -> bool,
    ) -> Value {
        let started = Instant::now();
        loop {
            let value = self.run(script).await;
            if is(&value) {
                return value;
            }
            assert!(started.elapsed() < PATIENCE, "{what}: {value:#}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) async fn click(&self, css: &str) {
        let found = self
            .command("/element", json!({"using": "css selector", "value": css}))
            .await;
        let element = id_of(&found);
        self.command(&format!("/element/{element}/click"), json!({}))
            .await;
    }

    /// Types into whatever has the focus.
    pub(crate) async fn press(&self, keys: &str) {
        let found = self.send(Method::GET, "/element/active", Value::Null).await;
        let found = found.unwrap();
        let element = id_of(&found);
        self.command(
            &format!("/element/{element}/value"),
            json!({ "text": keys }),
        )
        .await;
    }

    /// What a dialog of the page says, if there is one.
    pub(crate) async fn dialog(&self) -> Option<String> {
        let said = self.send(Method::GET, "/alert/text", Value::Null).await;
        said.ok()?.as_str().map(str::to_owned)
    }

    /// What the console says that is worse than a note.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let said = self.command("/se/log", json!({"type": "browser"})).await;
        let said = said.as_array().into_iter().flatten();
        said.filter(|line| line["level"] != "INFO" && line["level"] != "DEBUG")
            .map(|line| line["message"].to_string())
            .collect()
    }

    /// Lets scripts read the clipboard.
    pub(crate) async fn allow_clipboard(&self) {
        let permissions = json!({"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]});
        self.command(
            "/goog/cdp/execute",
            json!({"cmd": "Browser.grantPermissions", "params": permissions}),
        )
        .await;
    }

    /// The window's size in CSS pixels, and whether its system prefers dark colours.
    pub(crate) async fn look(&self, width: u32, height: u32, dark: bool) {
        let scheme = if dark { "dark" } else { "light" };
        for (name, settings) in [
            (
                "Emulation.setDeviceMetricsOverride",
                json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}),
            ),
            (
                "Emulation.setEmulatedMedia",
                json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]}),
            ),
        ] {
            self.command(
                "/goog/cdp/execute",
                json!({"cmd": name, "params": settings}),
            )
            .await;
        }
    }

    /// The window as PNG.
    pub(crate) async fn screenshot(&self) -> Vec<u8> {
        let png = self.send(Method::GET, "/screenshot", Value::Null).await;
        let png = png.unwrap();
        BASE64_STANDARD.decode(png.as_str().unwrap()).unwrap()
    }

    async fn command(&self, path: &str, body: Value) -> Value {
        let done = self.send(Method::POST, path, body).await;
        done.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> Result<Value, String> {
        let mut request = self.http.request(method, format!("{}{path}", self.session));
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let ok = answer.status().is_success();
        let mut answer: Value = answer.json().await.map_err(|error| error.to_string())?;
        let value = answer["value"].take();
        if ok {
            return Ok(value);
        }
        Err(value["message"].as_str().unwrap_or("no message").to_owned())
    }
}

fn id_of(element: &Value) -> &str {
    let reference = element.as_object().and_then(|found| found.values().next());
    reference.and_then(Value::as_str).unwrap()
}
