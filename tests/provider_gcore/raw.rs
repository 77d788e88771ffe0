//! A server that is no server of HTTP: it sends bytes, whatever it is asked.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::server::Heard;

/// A server that sends the same bytes to everybody, and then others again and again.
pub(crate) async fn server(head: Vec<u8>, endless: Vec<u8>) -> (String, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let asked = Heard::default();
    let log = asked.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (head, endless, log) = (head.clone(), endless.clone(), log.clone());
            tokio::spawn(serve(stream, head, endless, log));
        }
    });
    (url, asked)
}

async fn serve(
    mut stream: TcpStream,
    head: Vec<u8>,
    endless: Vec<u8>,
    asked: Heard,
) -> std::io::Result<()> {
    let mut request = vec![0; 64 << 10];
    let length = stream.read(&mut request).await?;
    let text = String::from_utf8_lossy(&request[..length]).into_owned();
    asked.lock().expect("no panic").push((0, text));
    stream.write_all(&head).await?;
    while !endless.is_empty() {
        stream.write_all(&endless).await?;
        if endless.len() == 1 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    stream.shutdown().await
}

/// A success with this body.
pub(crate) fn sized(headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}
