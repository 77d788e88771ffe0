//! How often a test asks whether something has come true.

use std::time::Duration;

/// How soon it asks again at first.
const SOON: Duration = Duration::from_millis(15);

/// How soon it asks again when it has waited for long.
const LATER: Duration = Duration::from_millis(100);

/// Waits between questions: short ones at first, so that nothing waits for its test; longer ones
/// later, so that many tests that wait leave the machine to what they wait for.
pub struct Pace(Duration);

impl Pace {
    /// The first wait is the shortest.
    pub fn new() -> Self {
        Self(SOON)
    }

    /// One wait.
    pub async fn wait(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = self.0.mul_f64(1.1).min(LATER);
    }
}
