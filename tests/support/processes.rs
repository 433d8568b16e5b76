//! Child processes that end with the process that started them, however it ends.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

/// Waits for its standard input to close, which the kernel does even for a killed parent; then
/// kills every process that has a file in `processes/` and removes the folder.
const WATCHDOG: &str = r#"
read -r _
for file in "$1"/processes/*; do
  [ -e "$file" ] && kill -KILL "${file##*/}" 2>/dev/null
done
for attempt in 1 2 3 4 5; do
  rm -rf -- "$1" 2>/dev/null && break
done
"#;

/// A folder of our own under the system's temporary folder, and the shell that removes it.
///
/// # Guarantees
/// When the value is dropped, or this process ends in any way, the servers started in the folder
/// are killed and the folder is removed.
pub(crate) struct GuardedFolder {
    path: PathBuf,
    watchdog: Child,
}

impl GuardedFolder {
    /// Makes the folder and starts its watchdog in a process group of its own, so that Ctrl-C
    /// ends us but not the one that cleans up behind us.
    pub(crate) fn new() -> Self {
        let path = tempfile::Builder::new()
            .prefix("campanile-control-plane-")
            .tempdir()
            .expect("make a temporary folder")
            .keep();
        fs::create_dir(path.join("processes")).expect("make the folder of process ids");
        let watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, "watchdog"])
            .arg(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("start the watchdog");
        Self { path, watchdog }
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A path inside the folder, as text for a command line.
    pub(crate) fn file(&self, name: &str) -> String {
        self.path.join(name).display().to_string()
    }
}

impl Drop for GuardedFolder {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ended = self.watchdog.wait();
    }
}

/// One server that runs, with its output in `<name>.log`.
pub(crate) struct Server {
    name: String,
    child: Child,
    pid_file: PathBuf,
    log: PathBuf,
}

impl Server {
    /// Starts `binary` in `folder`; a log of an earlier run is appended to.
    pub(crate) fn start(folder: &Path, binary: &Path, arguments: &[String]) -> Self {
        let name = binary
            .file_name()
            .expect("a binary has a name")
            .display()
            .to_string();
        let log = folder.join(format!("{name}.log"));
        let output = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .expect("open the log");
        let child = Command::new(binary)
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("share the log"))
            .stderr(output)
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("start {}: {error}", binary.display()));
        let pid_file = folder.join("processes").join(child.id().to_string());
        File::create(&pid_file).expect("note the process id");
        Self {
            name,
            child,
            pid_file,
            log,
        }
    }

    /// The id of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The exit status of a server that ended by itself.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("ask for the state of a server")
    }

    /// The name and the last lines that the server wrote, for the message of a failed test.
    pub(crate) fn last_words(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines.iter().skip(lines.len().saturating_sub(20));
        tail.fold(format!("{} wrote:", self.name), |text, line| {
            format!("{text}\n  {line}")
        })
    }
}

impl Drop for Server {
    /// Kills without warning, as a crash would: nothing that was acknowledged may depend on a
    /// polite end. The process id is reusable only after `wait`, so it is forgotten before.
    fn drop(&mut self) {
        let _killed = self.child.kill();
        let _forgotten = fs::remove_file(&self.pid_file);
        let _reaped = self.child.wait();
    }
}
