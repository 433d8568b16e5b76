//! A real WordPress for tests: the site that `tools/wordpress/install.sh` installs, on PHP's own server and a free port.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

/// How long it may take to listen; it takes some 100 ms.
const START: Duration = Duration::from_secs(30);
/// Its users and their roles; the last may write and not publish.
const USERS: [&str; 2] = ["editor:editor", "contributor:contributor"];
/// Runs the server until whoever started it closes the standard input, however it ends; then takes the folder along.
const UNTIL_CLOSED: &str = r#"
php -d sendmail_path=/bin/true -S "$1" router.php &
server=$!
read -r _
kill -KILL "$server"
rm -rf -- "$WORDPRESS_DATABASE"
"#;

/// The one WordPress of this process.
///
/// # What it cannot show
/// It stores into SQLite, by the plugin of the WordPress project for that, and not into MySQL; PHP's own server answers one
/// request after the other; no plugin that people use stands between.
pub(crate) struct Wordpress {
    pub(crate) address: SocketAddr,
    passwords: BTreeMap<String, String>,
    _child: Child,
}

impl Wordpress {
    /// Starts it where it does not run yet, and waits until it listens.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Wordpress> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    fn start() -> Self {
        let site = installed();
        let database = tempfile::Builder::new()
            .prefix("campanile-wordpress-")
            .tempdir()
            .expect("a folder for the database")
            .keep();
        let address = free_address();
        let url = format!("http://{address}");
        let command = |program: &str| {
            let mut command = Command::new(program);
            command
                .current_dir(&site)
                .env("WORDPRESS_ADDRESS", &url)
                .env("WORDPRESS_DATABASE", format!("{}/", database.display()));
            command
        };
        let made = command("php")
            .args(["-d", "sendmail_path=/bin/true", "site.php", &url])
            .args(USERS)
            .output();
        let made = made.expect("php is not installed: run tools/setup");
        let said = String::from_utf8_lossy(&made.stdout).into_owned();
        let passwords = serde_json::from_str(said.trim()).unwrap_or_else(|error| panic!("{error}: {said}"));
        let child = command("sh")
            .args(["-c", UNTIL_CLOSED, "wordpress", &address.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh starts");
        let wordpress = Self {
            address,
            passwords,
            _child: child,
        };
        wordpress.wait();
        wordpress
    }

    /// Connecting is the only way to see that it listens; a port that is not open yet refuses at once.
    fn wait(&self) {
        let begin = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            assert!(begin.elapsed() < START, "WordPress does not listen");
            std::thread::yield_now();
        }
    }

    /// The application password of a user.
    pub(crate) fn password(&self, user: &str) -> &str {
        &self.passwords[user]
    }

    /// What a person does or sees: a request as the editor, with its answer.
    pub(crate) fn asks(&self, method: &str, route: &str, body: Option<&Value>) -> Value {
        let login = STANDARD.encode(format!("editor:{}", self.password("editor")));
        let body = body.map_or_else(String::new, Value::to_string);
        let request = format!(
            "{method} /?rest_route=/wp/v2/{route} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\nauthorization: Basic {login}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        let mut stream = TcpStream::connect(self.address).expect("reach WordPress");
        stream.write_all(request.as_bytes()).expect("ask WordPress");
        let mut said = String::new();
        stream.read_to_string(&mut said).expect("read its answer");
        let (head, body) = said.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.starts_with("HTTP/1.1 20"), "{route}: {said}");
        serde_json::from_str(body).expect("JSON")
    }
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("the port has a number")
}

/// The site that the script installs last; its name has the version.
fn installed() -> PathBuf {
    let bin = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/wordpress/bin");
    let folders = std::fs::read_dir(bin).into_iter().flatten().flatten();
    folders
        .map(|entry| entry.path())
        .filter(|path| path.join("site.php").is_file() && path.join("wp-load.php").is_file())
        .max()
        .expect("WordPress is not installed: run tools/setup")
}
