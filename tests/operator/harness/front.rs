//! What stands between the operator and the provider, and answers in the provider's place while it is told
//! to: with bytes that no simulator sends.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy},
    net::{TcpListener, TcpStream},
};

/// What is sent in place of an answer: this, and then this again until the other side has enough.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// The beginning.
    pub head: Vec<u8>,
    /// What follows for ever; nothing, if it is empty.
    pub endless: Vec<u8>,
    /// Only requests whose first line begins so are answered with it.
    pub only: &'static str,
}

#[derive(Default)]
struct Told {
    reply: Mutex<Option<Reply>>,
    sent: AtomicUsize,
}

/// A front. It ends with the runtime of the test.
pub struct Front {
    /// Where it is.
    pub url: String,
    told: Arc<Told>,
}

impl Front {
    /// A front of the provider at this address.
    pub async fn of(provider: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let behind = provider.trim_start_matches("http://").to_owned();
        let told = Arc::new(Told::default());
        let shared = Arc::clone(&told);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, behind.clone(), Arc::clone(&shared)));
            }
        });
        Self { url, told }
    }

    /// From now on requests are answered so; `None`: by the provider.
    pub fn say(&self, reply: Option<Reply>) {
        self.told.sent.store(0, Ordering::SeqCst);
        *self.told.reply.lock().unwrap() = reply;
    }

    /// How many requests have been answered so.
    pub fn sent(&self) -> usize {
        self.told.sent.load(Ordering::SeqCst)
    }
}

/// One request and its answer.
async fn serve(mut stream: TcpStream, behind: String, told: Arc<Told>) -> std::io::Result<()> {
    let mut request = Vec::new();
    loop {
        let mut part = [0; 8192];
        match stream.read(&mut part).await? {
            0 => return Ok(()),
            n => request.extend_from_slice(&part[..n]),
        }
        let text = String::from_utf8_lossy(&request);
        let Some((fields, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let fields = fields.to_ascii_lowercase();
        let length = fields
            .lines()
            .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            break;
        }
    }
    let reply = told.reply.lock().unwrap().clone();
    if let Some(reply) = reply.filter(|reply| request.starts_with(reply.only.as_bytes())) {
        told.sent.fetch_add(1, Ordering::SeqCst);
        stream.write_all(&reply.head).await?;
        while !reply.endless.is_empty() {
            stream.write_all(&reply.endless).await?;
            // One byte at a time is meant to last.
            if reply.endless.len() == 1 {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }
        return stream.shutdown().await;
    }
    let mut provider = TcpStream::connect(behind).await?;
    let line = request.iter().position(|byte| *byte == b'\n').unwrap_or(0) + 1;
    // So that the end of the answer is the end of the connection.
    provider.write_all(&request[..line]).await?;
    provider.write_all(b"Connection: close\r\n").await?;
    provider.write_all(&request[line..]).await?;
    copy(&mut provider, &mut stream).await?;
    stream.shutdown().await
}
