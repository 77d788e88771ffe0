//! A server that says what no simulator should.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// A request as it came in: the number of its connection, and its text.
pub(crate) type Heard = Arc<Mutex<Vec<(usize, String)>>>;

/// A server that answers each request with what a function says; without an answer it closes the
/// connection.
pub(crate) async fn server(
    answer: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
) -> (String, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let heard = Heard::default();
    let (answer, log) = (Arc::new(answer), heard.clone());
    tokio::spawn(async move {
        for number in 0.. {
            let Ok((stream, _)) = listener.accept().await else {
                return;
            };
            tokio::spawn(serve(stream, number, answer.clone(), log.clone()));
        }
    });
    (url, heard)
}

pub(crate) async fn serve(
    mut stream: TcpStream,
    number: usize,
    answer: Arc<impl Fn(&str) -> Option<String>>,
    heard: Heard,
) {
    let mut text = String::new();
    loop {
        let mut part = [0; 4096];
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return,
            Ok(n) => text.push_str(&String::from_utf8_lossy(&part[..n])),
        }
        let Some((fields, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = fields
            .to_ascii_lowercase()
            .lines()
            .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        if body.len() < length.unwrap_or(0) {
            continue;
        }
        heard.lock().expect("no panic").push((number, text.clone()));
        let Some(answer) = answer(&text) else {
            return;
        };
        text.clear();
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// An answer; `Some`, since it is what a server's function gives.
#[expect(clippy::unnecessary_wraps, reason = "the other case is no answer")]
pub(crate) fn answer(status: u16, headers: &str, body: &str) -> Option<String> {
    let length = body.len();
    Some(format!(
        "HTTP/1.1 {status} So\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    ))
}
