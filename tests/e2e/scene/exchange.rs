//! One HTTP request to the operator.

use std::fmt::Write as _;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An answer of the operator's HTTP server.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

pub(super) async fn request(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Answer, String> {
    let mut stream = TcpStream::connect(address)
        .await
        .map_err(|error| error.to_string())?;
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    let whole = [head.as_bytes(), b"\r\n", body].concat();
    let mut bytes = Vec::new();
    let exchange = async {
        stream.write_all(&whole).await?;
        stream.read_to_end(&mut bytes).await
    };
    exchange.await.map_err(|error| error.to_string())?;
    let status = String::from_utf8_lossy(&bytes)
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let (Some(status), Some(end)) = (status, end) else {
        return Err("no HTTP answer".to_owned());
    };
    Ok(Answer {
        status,
        body: bytes[end + 4..].to_vec(),
    })
}
