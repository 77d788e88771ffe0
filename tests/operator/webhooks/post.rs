//! Requests to the receiver, byte by byte.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::Value;

/// Longer than anything takes that ends.
const PATIENCE: Duration = Duration::from_secs(60);

/// A POST of this body.
pub fn request(path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: operator\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Connects and waits with patience.
pub fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// What is answered before the connection ends: status and body. `None`: it ends without an answer.
pub fn answer(stream: &mut TcpStream) -> Option<(u16, String)> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("no end in time"),
            // It was cut while we still sent.
            Err(_) => break,
        }
    }
    let text = String::from_utf8(bytes).unwrap();
    let status = text.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().unwrap();
    let body = text.split_once("\r\n\r\n").unwrap().1.to_owned();
    Some((status, body))
}

/// Sends these bytes and returns the answer.
pub async fn send(address: &str, bytes: String) -> Option<(u16, String)> {
    let address = address.to_owned();
    // The simulator lives on this thread.
    tokio::task::spawn_blocking(move || {
        let mut stream = connect(&address);
        let _ = stream.write_all(bytes.as_bytes());
        answer(&mut stream)
    })
    .await
    .unwrap()
}

/// Posts this and returns the status. No answer has a body.
pub async fn post(address: &str, path: &str, body: &Value) -> u16 {
    let (status, text) = send(address, request(path, &body.to_string()))
        .await
        .expect("an answer");
    assert_eq!(text, "", "an answer tells nothing");
    status
}

/// Posts this so often, from several connections at once; returns how many were answered with 200
/// and with 429.
pub async fn flood(address: &str, path: &str, body: &Value, count: usize) -> (usize, usize) {
    const AT_ONCE: usize = 8;
    let bytes = request(path, &body.to_string());
    let one = |address: String, bytes: String| {
        move || {
            let mut statuses = Vec::new();
            for _ in 0..count / AT_ONCE {
                let mut stream = connect(&address);
                let _ = stream.write_all(bytes.as_bytes());
                statuses.extend(answer(&mut stream).map(|(status, _)| status));
            }
            statuses
        }
    };
    let tasks: Vec<_> = (0..AT_ONCE)
        .map(|_| tokio::task::spawn_blocking(one(address.to_owned(), bytes.clone())))
        .collect();
    let mut statuses = Vec::new();
    for task in tasks {
        statuses.extend(task.await.unwrap());
    }
    let of = |status| statuses.iter().filter(|s| **s == status).count();
    (of(200), of(429))
}

/// Sends a head and then a body for as long as it is taken; returns how many bytes of it were, and
/// the answer.
pub async fn endless(address: &str, head: String, most: usize) -> (usize, Option<u16>) {
    let address = address.to_owned();
    tokio::task::spawn_blocking(move || {
        let mut stream = connect(&address);
        stream.write_all(head.as_bytes()).unwrap();
        // A chunk, where the head says that there are chunks; anything else where it does not.
        let piece = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
        let mut sent = 0;
        while sent < most {
            match stream.write(piece.as_bytes()) {
                Ok(count) => sent += count,
                Err(_) => break,
            }
        }
        (sent, answer(&mut stream).map(|(status, _)| status))
    })
    .await
    .unwrap()
}

/// Sends a beginning, and then a byte now and then; returns how long the receiver bore it.
pub async fn drip(address: &str, begin: String) -> Duration {
    let address = address.to_owned();
    tokio::task::spawn_blocking(move || {
        let mut stream = connect(&address);
        stream.write_all(begin.as_bytes()).unwrap();
        let since = Instant::now();
        let nap = Duration::from_millis(100);
        stream.set_read_timeout(Some(nap)).unwrap();
        let mut buffer = [0; 16];
        while since.elapsed() < PATIENCE {
            let waits = |error: &std::io::Error| error.kind() == ErrorKind::WouldBlock;
            match stream.read(&mut buffer) {
                Err(error) if waits(&error) => {}
                Ok(_) | Err(_) => break,
            }
            if stream.write_all(b"a").is_err() {
                break;
            }
        }
        since.elapsed()
    })
    .await
    .unwrap()
}
