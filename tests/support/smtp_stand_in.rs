//! A mail server that goes wrong where it is told to: at a command, within a letter, or after its end.

use std::{
    io::{BufRead as _, BufReader, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

/// What goes wrong.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    Nothing,
    /// The first line that begins so (`CONNECT` for the greeting, `.` for the end of the letter) is answered so.
    Answer(&'static str, &'static str),
    /// The connection ends at the first line that begins so, without an answer.
    Close(&'static str),
    /// Nothing is ever said to the first line that begins so.
    Silence(&'static str),
    /// The connection ends within the letter, after so many bytes of it.
    CloseWithin(usize),
    /// Nothing more is read within the letter, after so many bytes of it.
    StopReadingWithin(usize),
    /// What somebody between us says in the clear behind the answer to STARTTLS.
    InjectAfterStartTls(&'static str),
}

/// How it encrypts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Encryption {
    None,
    StartTls,
    Implicit,
}

/// What happened at the server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// Every command, in order, over all connections.
    pub(crate) commands: Vec<String>,
    /// Every letter whose end was seen.
    pub(crate) letters: Vec<String>,
}

/// A mail server of one fault.
///
/// # What it cannot show
/// It stores nothing, queues nothing, and is as fast as the loopback.
pub(crate) struct SmtpStandIn {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

struct Script {
    fault: Fault,
    encryption: Encryption,
    config: Option<Arc<ServerConfig>>,
    seen: Arc<Mutex<Seen>>,
    held: Mutex<Vec<TcpStream>>,
}

impl SmtpStandIn {
    /// Starts it; `identity` is certificate and key in PEM.
    pub(crate) fn start(fault: Fault, encryption: Encryption, identity: Option<(&str, &str)>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("the port has a number");
        let seen = Arc::<Mutex<Seen>>::default();
        let script = Arc::new(Script {
            fault,
            encryption,
            config: identity.map(|(certificate, key)| config(certificate, key)),
            seen: Arc::clone(&seen),
            held: Mutex::default(),
        });
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let script = Arc::clone(&script);
                std::thread::spawn(move || {
                    let _ended = script.connection(stream);
                });
            }
        });
        Self { address, seen }
    }

    pub(crate) fn seen(&self) -> Seen {
        self.seen.lock().expect("nobody panicked").clone()
    }
}

fn config(certificate: &str, key: &str) -> Arc<ServerConfig> {
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key);
    Arc::new(config.expect("certificate and key belong together"))
}

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

type Line = BufReader<Box<dyn Stream>>;

impl Script {
    fn connection(&self, tcp: TcpStream) -> std::io::Result<()> {
        let other = tcp.try_clone()?;
        let mut stream: Line = match self.encryption {
            Encryption::Implicit => self.encrypted(tcp),
            _ => BufReader::new(Box::new(tcp)),
        };
        if !self.answered(&mut stream, "CONNECT", "220 stand-in ESMTP\r\n")? {
            return Ok(());
        }
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let line = line.trim_end().to_owned();
            self.seen
                .lock()
                .expect("nobody panicked")
                .commands
                .push(line.clone());
            if line == "STARTTLS" {
                if let Fault::InjectAfterStartTls(said) = self.fault {
                    stream
                        .get_mut()
                        .write_all(format!("220 go\r\n{said}").as_bytes())?;
                } else if !self.answered(&mut stream, &line, "220 go\r\n")? {
                    return Ok(());
                }
                stream = self.encrypted(other.try_clone()?);
                continue;
            }
            if !self.answered(&mut stream, &line, &self.usual(&line))? {
                return Ok(());
            }
            if line == "DATA" && !self.letter(&mut stream, &other)? {
                return Ok(());
            }
        }
    }

    fn encrypted(&self, tcp: TcpStream) -> Line {
        let config = self.config.clone().expect("an identity to encrypt with");
        let connection = ServerConnection::new(config).expect("a connection");
        BufReader::new(Box::new(StreamOwned::new(connection, tcp)))
    }

    fn usual(&self, line: &str) -> String {
        let command = line.split([' ', ':']).next().unwrap_or_default();
        match command {
            "EHLO" if self.encryption == Encryption::StartTls => {
                "250-stand-in\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n".to_owned()
            }
            "EHLO" => "250-stand-in\r\n250 AUTH PLAIN LOGIN\r\n".to_owned(),
            "DATA" => "354 go on\r\n".to_owned(),
            "AUTH" => "235 welcome\r\n".to_owned(),
            "QUIT" => "221 bye\r\n".to_owned(),
            _ => "250 ok\r\n".to_owned(),
        }
    }

    /// Answers as usual, or goes wrong; false where the connection is over.
    fn answered(&self, stream: &mut Line, line: &str, usual: &str) -> std::io::Result<bool> {
        match &self.fault {
            Fault::Answer(at, answer) if line.starts_with(at) => {
                stream.get_mut().write_all(format!("{answer}\r\n").as_bytes())?;
                stream.get_mut().flush()?;
                // A "no" to DATA is followed by no letter.
                Ok(line != "DATA" && line != ".")
            }
            Fault::Close(at) if line.starts_with(at) => Ok(false),
            Fault::Silence(at) if line.starts_with(at) => {
                // Whoever waits ends the connection.
                let _read = stream.read_to_end(&mut Vec::new());
                Ok(false)
            }
            _ => {
                stream.get_mut().write_all(usual.as_bytes())?;
                stream.get_mut().flush()?;
                Ok(true)
            }
        }
    }

    fn letter(&self, stream: &mut Line, tcp: &TcpStream) -> std::io::Result<bool> {
        if let Fault::CloseWithin(bytes) | Fault::StopReadingWithin(bytes) = self.fault {
            stream.read_exact(&mut vec![0; bytes])?;
            if let Fault::StopReadingWithin(_) = self.fault {
                // Open, and nobody reads, until the test is over.
                self.held.lock().expect("nobody panicked").push(tcp.try_clone()?);
                return Ok(false);
            }
            let _shut = tcp.shutdown(Shutdown::Both);
            return Ok(false);
        }
        let mut letter = String::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line)? == 0 {
                return Ok(false);
            }
            if line == ".\r\n" {
                break;
            }
            letter.push_str(&line);
        }
        self.seen.lock().expect("nobody panicked").letters.push(letter);
        self.answered(stream, ".", "250 taken\r\n")
    }
}
