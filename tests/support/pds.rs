//! A real server of the AT Protocol for tests: the PDS that `tools/pds/install.sh` installs, on a free port.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use serde_json::{Value, json};

use crate::sink::{Received, Receiver, Sink, answer};

/// The one PDS of this process.
///
/// It ends, and takes its folder along, when its standard input is closed: when this process ends, however it ends.
///
/// # What it cannot show
/// One server alone, with no relay and no AppView: nothing of how a post is found and shown. Its directory of identities
/// is [`Directory`]. It stores through Node's own SQLite, as `tools/pds/sqlite` says.
pub(crate) struct Pds {
    pub(crate) address: SocketAddr,
    _directory: Sink,
    _child: Child,
}

/// An account of the PDS.
pub(crate) struct Account {
    pub(crate) handle: String,
    pub(crate) did: String,
    pub(crate) app_password: String,
    token: String,
}

impl Pds {
    /// Starts it where it does not run yet, and waits until it listens.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Pds> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    fn start() -> Self {
        let installed = installed();
        let folder = tempfile::Builder::new()
            .prefix("campanile-pds-")
            .tempdir()
            .expect("a folder for the PDS")
            .keep();
        let directory = Sink::start(Arc::new(Directory::default()));
        let address = free_address();
        let mut child = Command::new(installed.join("node"))
            .arg("start.js")
            .current_dir(&installed)
            .env_clear()
            .envs(environment(address.port(), &folder, &directory.url()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node starts");
        let said = child.stdout.take().expect("its output");
        let mut line = String::new();
        BufReader::new(said)
            .read_line(&mut line)
            .expect("read its first line");
        assert_eq!(line.trim(), "listening", "the PDS did not start");
        Self {
            address,
            _directory: directory,
            _child: child,
        }
    }

    /// Makes an account and an app password for it.
    pub(crate) fn account(&self, name: &str) -> Account {
        let handle = format!("{name}.test");
        let password = "canary-password-of-a-person";
        let email = format!("{name}@example.com");
        let wanted = json!({"handle": handle, "email": email, "password": password});
        let made = self.post("com.atproto.server.createAccount", None, &wanted);
        let token = made["accessJwt"].as_str().expect("a token").to_owned();
        let name = json!({"name": "campanile"});
        let app = self.post("com.atproto.server.createAppPassword", Some(&token), &name);
        Account {
            handle,
            did: made["did"].as_str().expect("a did").to_owned(),
            app_password: app["password"].as_str().expect("a password").to_owned(),
            token,
        }
    }

    /// The posts of an account.
    pub(crate) fn posts(&self, account: &Account) -> Vec<Value> {
        let path = format!(
            "com.atproto.repo.listRecords?repo={}&collection=app.bsky.feed.post&limit=100",
            account.did
        );
        let listed = self.exchange("GET", &path, None, "");
        listed["records"].as_array().expect("records").clone()
    }

    /// What a person does to a post in an app: writes another over it, or deletes it.
    pub(crate) fn edit(&self, account: &Account, uri: &str, record: Option<&Value>) {
        let key = uri.rsplit('/').next().expect("a key");
        let mut write = json!({"repo": account.did, "collection": "app.bsky.feed.post", "rkey": key});
        let method = match record {
            Some(record) => {
                write["record"] = record.clone();
                "com.atproto.repo.putRecord"
            }
            None => "com.atproto.repo.deleteRecord",
        };
        self.post(method, Some(&account.token), &write);
    }

    fn post(&self, method: &str, token: Option<&str>, body: &Value) -> Value {
        self.exchange("POST", method, token, &body.to_string())
    }

    fn exchange(&self, method: &str, path: &str, token: Option<&str>, body: &str) -> Value {
        let authorization =
            token.map_or_else(String::new, |token| format!("authorization: Bearer {token}\r\n"));
        let kind = if body.is_empty() {
            ""
        } else {
            "content-type: application/json\r\n"
        };
        let request = format!(
            "{method} /xrpc/{path} HTTP/1.1\r\nhost: pds\r\nconnection: close\r\n{authorization}{kind}content-length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(self.address).expect("reach the PDS");
        stream.write_all(request.as_bytes()).expect("ask the PDS");
        let mut said = String::new();
        stream.read_to_string(&mut said).expect("read its answer");
        let (head, body) = said.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.starts_with("HTTP/1.1 200"), "{path}: {said}");
        serde_json::from_str(body).unwrap_or_default()
    }
}

fn environment(port: u16, folder: &Path, directory: &str) -> Vec<(&'static str, String)> {
    let folder = folder.display().to_string();
    vec![
        ("PDS_PORT", port.to_string()),
        ("PDS_HOSTNAME", "localhost".to_owned()),
        ("PDS_BLOBSTORE_DISK_LOCATION", format!("{folder}/blobs")),
        ("PDS_DATA_DIRECTORY", folder),
        ("PDS_DID_PLC_URL", directory.to_owned()),
        ("PDS_SERVICE_HANDLE_DOMAINS", ".test".to_owned()),
        ("PDS_INVITE_REQUIRED", "false".to_owned()),
        ("PDS_DEV_MODE", "true".to_owned()),
        ("PDS_JWT_SECRET", "canary-of-the-server".to_owned()),
        ("PDS_ADMIN_PASSWORD", "canary-of-the-administrator".to_owned()),
        ("PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX", format!("{:064x}", 1)),
        ("LOG_ENABLED", "false".to_owned()),
    ]
}

/// The directory in which accounts are registered, `did:plc`.
///
/// # What it cannot show
/// It believes every operation, and checks neither signatures nor what came before.
#[derive(Default)]
struct Directory(Mutex<BTreeMap<String, Value>>);

impl Receiver for Directory {
    fn act(&self, request: &Received) -> Vec<u8> {
        let target = request.line.split(' ').nth(1).unwrap_or_default();
        let did = target.trim_start_matches('/').replace("%3A", ":");
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = [("content-type", "application/json")];
        if request.line.starts_with("POST") {
            let operation = serde_json::from_slice(&request.body).unwrap_or_default();
            known.insert(did, operation);
            return answer(200, &kind, "{}");
        }
        match known.get(&did) {
            Some(operation) => answer(200, &kind, &document(&did, operation).to_string()),
            None => answer(404, &kind, "{}"),
        }
    }
}

fn document(did: &str, operation: &Value) -> Value {
    let key = operation["verificationMethods"]["atproto"]
        .as_str()
        .unwrap_or_default();
    json!({
        "@context": ["https://www.w3.org/ns/did/v1"],
        "id": did,
        "alsoKnownAs": operation["alsoKnownAs"],
        "verificationMethod": [{
            "id": format!("{did}#atproto"), "type": "Multikey", "controller": did,
            "publicKeyMultibase": key.trim_start_matches("did:key:"),
        }],
        "service": [{
            "id": "#atproto_pds", "type": "AtprotoPersonalDataServer",
            "serviceEndpoint": operation["services"]["atproto_pds"]["endpoint"],
        }],
    })
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("the port has a number")
}

/// The folder of the version that `package.json` names; the newest where several were installed.
fn installed() -> PathBuf {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/pds");
    let package = fs::read_to_string(tools.join("package.json")).expect("read package.json");
    let package: Value = serde_json::from_str(&package).expect("package.json is JSON");
    let version = package["dependencies"]["@atproto/pds"]
        .as_str()
        .expect("a version");
    let prefix = format!("pds-{version}-");
    let folders = fs::read_dir(tools.join("bin")).into_iter().flatten().flatten();
    folders
        .map(|entry| entry.path())
        .find(|path| {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            name.is_some_and(|name| name.starts_with(&prefix)) && path.join("node").is_file()
        })
        .expect("the PDS is not installed: run tools/setup")
}
