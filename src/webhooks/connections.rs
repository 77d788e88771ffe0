//! Open connections, a bounded number of them.

use std::collections::VecDeque;

use tokio::task::{AbortHandle, JoinSet};

/// How many may be open.
const MOST: usize = 256;

/// The connections that are open, the oldest first. Each does its work within milliseconds or waits
/// for its peer, so where there is no room the oldest one goes: those who only sit there cannot keep
/// out the one webhook that matters. All end with this.
#[derive(Debug, Default)]
pub(super) struct Connections {
    tasks: JoinSet<()>,
    order: VecDeque<AbortHandle>,
}

impl Connections {
    /// Serves one more. Returns whether another one had to go for it.
    pub(super) fn admit(&mut self, connection: impl Future<Output = ()> + Send + 'static) -> bool {
        while self.tasks.try_join_next().is_some() {}
        self.order.retain(|task| !task.is_finished());
        let crowded = self.order.len() >= MOST;
        if crowded && let Some(oldest) = self.order.pop_front() {
            oldest.abort();
        }
        self.order.push_back(self.tasks.spawn(connection));
        crowded
    }
}

#[cfg(test)]
mod tests {
    use std::{future::pending, sync::Arc};

    use super::*;

    #[tokio::test]
    async fn the_oldest_goes_where_there_is_no_room() {
        let mut connections = Connections::default();
        let open: Vec<Arc<()>> = (0..MOST + 2).map(|_| Arc::default()).collect();
        let mut crowded = 0;
        for connection in &open {
            let held = Arc::clone(connection);
            let task = async move {
                pending::<()>().await;
                drop(held);
            };
            crowded += usize::from(connections.admit(task));
        }
        assert_eq!(crowded, 2);
        while Arc::strong_count(&open[1]) > 1 {
            tokio::task::yield_now().await;
        }
        let gone: Vec<usize> = (0..open.len())
            .filter(|i| Arc::strong_count(&open[*i]) == 1)
            .collect();
        assert_eq!(gone, [0, 1]);

        // Those that have ended take no room.
        let mut connections = Connections::default();
        for _ in 0..3 * MOST {
            assert!(!connections.admit(async {}));
            while connections.order.iter().any(|task| !task.is_finished()) {
                tokio::task::yield_now().await;
            }
        }
    }
}
