//! The other side of a channel: a server that does to each request what a script says.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    io::{self, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// How long a server waits for the rest of a request, or a test for a request.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is done to one request.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// It is acted on and answered.
    Nothing,
    /// The connection is reset before anything is read.
    ResetAtOnce,
    /// The head is read, then the connection is reset.
    ResetAfterHead,
    /// The head is read, then nothing happens any more.
    SilenceAfterHead,
    /// It is read whole and not acted on; the connection is closed.
    LoseRequest,
    /// It is read whole and not acted on; the connection is reset.
    ResetRequest,
    /// It is acted on; the connection is closed without an answer.
    LoseReply,
    /// It is acted on; the connection is reset without an answer.
    ResetReply,
    /// It is acted on, and the answer never comes: a success that comes too late.
    LateSuccess,
    /// It is read whole, kept until [`Sink::release`], and acted on then: it overtakes nothing that came later.
    Hold,
    /// It is acted on, and the answer comes byte by byte, so slowly that no sender waits for its end.
    Drip,
    /// It is acted on, the head of the answer comes at once, and its body as slowly.
    DripBody,
    /// It is acted on, and these bytes are the answer instead.
    ActAndSay(Vec<u8>),
    /// It is not acted on, and these bytes are the answer.
    Say(Vec<u8>),
}

/// One request, as far as it came.
#[derive(Clone, Default)]
pub(crate) struct Received {
    /// Every byte that arrived on the connection.
    pub(crate) bytes: Vec<u8>,
    /// `POST /path HTTP/1.1`.
    pub(crate) line: String,
    /// By their names in small letters.
    pub(crate) headers: BTreeMap<String, String>,
    /// The body, as far as it arrived.
    pub(crate) body: Vec<u8>,
    /// Whether it arrived whole.
    pub(crate) whole: bool,
}

impl fmt::Debug for Received {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = if self.whole { "whole" } else { "not whole" };
        write!(formatter, "{:?}, {} bytes, {part}", self.line, self.bytes.len())
    }
}

/// What a server does with a request that arrived.
pub(crate) trait Receiver: Send + Sync + 'static {
    /// Acts on it, and gives the bytes of the answer.
    fn act(&self, request: &Received) -> Vec<u8>;
}

/// A server on a free port of this machine, with a thread for each connection; it ends when it is dropped.
///
/// It reads one request of a connection, and closes the connection after the answer.
///
/// # What it cannot show
/// It speaks HTTP/1.1 with a Content-Length, in the clear, one request on a connection: nothing about HTTP/2, TLS,
/// kept connections, or a proxy between. Its resets come from the same machine: on a long way a reset can overtake
/// what was sent before it.
pub(crate) struct Sink {
    address: SocketAddr,
    shared: Arc<Shared>,
    closed: Mutex<Option<Closed>>,
}

/// A port that is ours and on which nobody listens yet.
struct Closed {
    socket: tokio::net::TcpSocket,
    receiver: Arc<dyn Receiver>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    ended: AtomicBool,
}

#[derive(Default)]
struct State {
    script: VecDeque<Fault>,
    received: Vec<Received>,
    /// How many connections have ended.
    served: usize,
    released: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink {
    /// Starts a server that hands its requests to `receiver`.
    pub(crate) fn start(receiver: Arc<dyn Receiver>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("listen on a free port");
        let address = listener.local_addr().expect("the port has a number");
        let sink = Self {
            address,
            shared: Arc::default(),
            closed: Mutex::default(),
        };
        sink.serve(listener, receiver);
        sink
    }

    /// One that refuses every connection until it is opened.
    pub(crate) fn closed(receiver: Arc<dyn Receiver>) -> Self {
        let socket = tokio::net::TcpSocket::new_v4().expect("make a socket");
        socket
            .bind("127.0.0.1:0".parse().expect("an address"))
            .expect("take a free port");
        Self {
            address: socket.local_addr().expect("the port has a number"),
            shared: Arc::default(),
            closed: Mutex::new(Some(Closed { socket, receiver })),
        }
    }

    /// Listens from now on.
    pub(crate) fn open(&self) {
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        let Closed { socket, receiver } = closed.take().expect("it is closed");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
        let runtime = runtime.expect("make a runtime");
        let listener = {
            let _entered = runtime.enter();
            let listener = socket.listen(128).and_then(tokio::net::TcpListener::into_std);
            listener.expect("listen on the port")
        };
        // Whoever calls this may be within a runtime, where another one must not be waited for.
        runtime.shutdown_background();
        listener.set_nonblocking(false).expect("wait for connections");
        self.serve(listener, receiver);
    }

    fn serve(&self, listener: TcpListener, receiver: Arc<dyn Receiver>) {
        let serving = Arc::clone(&self.shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if serving.ended.load(Ordering::SeqCst) {
                    break;
                }
                let (shared, receiver) = (Arc::clone(&serving), Arc::clone(&receiver));
                thread::spawn(move || {
                    Connection {
                        stream,
                        shared: Arc::clone(&shared),
                    }
                    .serve(&*receiver);
                    shared.state().served += 1;
                    shared.changed.notify_all();
                });
            }
        });
    }

    /// Where it listens, as a URL without a path.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What is done to the next requests, in order; after them, nothing. A connection on which nothing is asked, as when
    /// somebody looks whether the server is there, uses up no fault but [`Fault::ResetAtOnce`].
    pub(crate) fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        self.shared.state().script = faults.into_iter().collect();
    }

    /// Loses the reply of the `n`th request from now, counted from 1.
    pub(crate) fn lose_reply_of(&self, n: usize) {
        let before = std::iter::repeat_n(Fault::Nothing, n.saturating_sub(1));
        self.script(before.chain([Fault::LoseReply]));
    }

    /// Every request so far, in the order in which their connections were accepted.
    pub(crate) fn requests(&self) -> Vec<Received> {
        self.shared.state().received.clone()
    }

    /// Waits until so many requests have arrived whole.
    pub(crate) fn wait_for_requests(&self, count: usize) -> Vec<Received> {
        self.wait_until(|state| state.received.iter().filter(|request| request.whole).count() >= count)
    }

    /// Waits until no connection is open any more.
    pub(crate) fn wait_until_idle(&self) -> Vec<Received> {
        self.wait_until(|state| state.served == state.received.len())
    }

    /// Lets go of what [`Fault::Hold`] keeps.
    pub(crate) fn release(&self) {
        self.shared.state().released = true;
        self.shared.changed.notify_all();
    }

    fn wait_until(&self, condition: impl Fn(&State) -> bool) -> Vec<Received> {
        let (state, late) = self
            .shared
            .changed
            .wait_timeout_while(self.shared.state(), PATIENCE, |state| !condition(state))
            .unwrap_or_else(PoisonError::into_inner);
        assert!(
            !late.timed_out(),
            "what was waited for did not happen: {:?}",
            state.received
        );
        state.received.clone()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        self.shared.changed.notify_all();
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
    }
}

struct Connection {
    stream: TcpStream,
    shared: Arc<Shared>,
}

impl Connection {
    /// Errors of the connection are the sender's business: it has gone.
    fn serve(mut self, receiver: &dyn Receiver) {
        let (index, resets) = self.accepted();
        if resets {
            return self.reset();
        }
        let _patient = self.stream.set_read_timeout(Some(PATIENCE));
        if !matches!(self.stream.peek(&mut [0]), Ok(1..)) {
            return;
        }
        let fault = self.shared.state().script.pop_front().unwrap_or(Fault::Nothing);
        let stop_after_head = matches!(fault, Fault::ResetAfterHead | Fault::SilenceAfterHead);
        let request = self.read_request(index, stop_after_head);
        match fault {
            Fault::SilenceAfterHead => return self.silence(),
            _ if stop_after_head => return self.reset(),
            // A connection on which nothing came, or not all of it, is not answered.
            _ if !request.whole => return,
            _ => {}
        }
        if let Fault::Hold = fault {
            self.hold();
        }
        let answer = match &fault {
            Fault::LoseRequest => return,
            Fault::ResetRequest => return self.reset(),
            Fault::Say(bytes) => bytes.clone(),
            _ => receiver.act(&request),
        };
        match fault {
            Fault::LoseReply => {}
            Fault::ResetReply => self.reset(),
            Fault::LateSuccess => self.silence(),
            Fault::Drip => self.drip(&answer),
            Fault::DripBody => {
                let body = answer
                    .windows(4)
                    .position(|window| window == b"\r\n\r\n")
                    .map_or(0, |end| end + 4);
                let _sent = self.stream.write_all(&answer[..body]);
                self.drip(&answer[body..]);
            }
            Fault::ActAndSay(bytes) => self.say(&bytes),
            _ => self.say(&answer),
        }
    }

    /// Counts the connection; true where it is reset before anything is read.
    fn accepted(&self) -> (usize, bool) {
        let mut state = self.shared.state();
        state.received.push(Received::default());
        let resets = matches!(state.script.front(), Some(Fault::ResetAtOnce));
        if resets {
            state.script.pop_front();
        }
        (state.received.len() - 1, resets)
    }

    fn read_request(&mut self, index: usize, stop_after_head: bool) -> Received {
        let mut bytes = Vec::new();
        let mut buffer = [0_u8; 16 * 1024];
        loop {
            let request = parsed(&bytes);
            let head = !request.line.is_empty();
            self.shared.state().received[index] = request.clone();
            self.shared.changed.notify_all();
            if request.whole || (head && stop_after_head) {
                return request;
            }
            // A head alone is asked for: take no more than it, so that the rest stays unread.
            let most = if stop_after_head { 1 } else { buffer.len() };
            match self.stream.read(&mut buffer[..most]) {
                Ok(0) | Err(_) => return request,
                Ok(count) => bytes.extend_from_slice(&buffer[..count]),
            }
        }
    }

    fn say(&mut self, bytes: &[u8]) {
        let _sent = self.stream.write_all(bytes);
        let _closed = self.stream.shutdown(Shutdown::Write);
        // Until the sender has gone: closing with unread bytes would reset, and lose what was said.
        let _rest = io::copy(&mut self.stream, &mut io::sink());
    }

    fn drip(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if self.stream.write_all(&[*byte]).is_err() || self.ends_within(Duration::from_millis(100)) {
                return;
            }
        }
    }

    fn hold(&self) {
        let held = |state: &mut State| !state.released && !self.shared.ended.load(Ordering::SeqCst);
        let state = self.shared.changed.wait_while(self.shared.state(), held);
        drop(state.unwrap_or_else(PoisonError::into_inner));
    }

    /// Says nothing until the sender has gone.
    fn silence(&mut self) {
        let _rest = io::copy(&mut self.stream, &mut io::sink());
    }

    /// Waits so long, or until the server ends; true where it has ended.
    fn ends_within(&self, time: Duration) -> bool {
        let runs = |_: &mut State| !self.shared.ended.load(Ordering::SeqCst);
        let (_state, _) = self
            .shared
            .changed
            .wait_timeout_while(self.shared.state(), time, runs)
            .unwrap_or_else(PoisonError::into_inner);
        self.shared.ended.load(Ordering::SeqCst)
    }

    /// Closes with a reset instead of an orderly end.
    fn reset(self) {
        let socket = tokio::net::TcpSocket::from_std_stream(self.stream);
        let _set = socket.set_zero_linger();
    }
}

fn parsed(bytes: &[u8]) -> Received {
    let mut request = Received {
        bytes: bytes.to_vec(),
        ..Received::default()
    };
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return request;
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    request.line = lines.next().unwrap_or_default().to_owned();
    request.headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    request.body = bytes[end + 4..].to_vec();
    let length = request
        .headers
        .get("content-length")
        .map_or(Some(0), |length| length.parse().ok());
    request.whole = length == Some(request.body.len());
    request
}

/// The bytes of an answer.
pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status} Status\r\ncontent-length: {}\r\nconnection: close\r\n",
        body.len()
    );
    let lines: Vec<String> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    [&head, &lines.concat(), "\r\n", body].concat().into_bytes()
}

/// A receiver of webhooks that acts on each request, and where it remembers, once on each webhook-id.
///
/// # What it cannot show
/// It trusts every signature, forgets nothing, and decides at once: a real receiver may answer before it acts, or
/// forget a key before its window ends.
#[derive(Default)]
pub(crate) struct WebhookReceiver {
    remembers: bool,
    published: Mutex<Vec<(String, Vec<u8>)>>,
    delay: Mutex<Duration>,
}

impl WebhookReceiver {
    /// One that acts on every request.
    pub(crate) fn forgetful() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// One that acts once on each webhook-id.
    pub(crate) fn remembering() -> Arc<Self> {
        Arc::new(Self {
            remembers: true,
            ..Self::default()
        })
    }

    /// Takes so long for each request from now on.
    pub(crate) fn take(&self, delay: Duration) {
        *self.delay.lock().unwrap_or_else(PoisonError::into_inner) = delay;
    }

    /// What was published: webhook-id and body, in order.
    pub(crate) fn published(&self) -> Vec<(String, Vec<u8>)> {
        self.published
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Receiver for WebhookReceiver {
    fn act(&self, request: &Received) -> Vec<u8> {
        let delay = *self.delay.lock().unwrap_or_else(PoisonError::into_inner);
        if !delay.is_zero() {
            thread::sleep(delay);
        }
        let id = request.headers.get("webhook-id").cloned().unwrap_or_default();
        let mut published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
        let before = published
            .iter()
            .position(|(known, _)| self.remembers && *known == id);
        let number = before.unwrap_or_else(|| {
            published.push((id, request.body.clone()));
            published.len() - 1
        });
        let body =
            format!(r#"{{"id": "post-{number}", "url": "https://platform.example.com/posts/{number}"}}"#);
        answer(200, &[("content-type", "application/json")], &body)
    }
}
