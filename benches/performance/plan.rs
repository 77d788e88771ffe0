//! How much is measured: all of it, or what a few minutes allow.

use std::time::Duration;

/// A burst of `objects`, so many times.
#[derive(Clone, Copy, Debug)]
pub struct Burst {
    pub objects: usize,
    pub runs: usize,
}

fn bursts(sizes: &[(usize, usize)]) -> Vec<Burst> {
    let sizes = sizes.iter().copied();
    sizes
        .map(|(objects, runs)| Burst { objects, runs })
        .collect()
}

/// Sizes and lengths of a run.
#[derive(Clone, Debug)]
pub struct Plan {
    pub quick: bool,
    /// The sizes at which the growing population is looked at.
    pub sizes: &'static [usize],
    /// Creations and edits one after another at each size.
    pub spaced: usize,
    /// Changes behind the operator's back.
    pub outside: usize,
    /// Objects by which the apiserver's own rate is measured.
    pub ceiling: usize,
    /// Repetitions of each chain of bare calls.
    pub chains: usize,
    /// Bursts at 40 calls a second, at 100, and with a rate that does not bind.
    pub at_40: Vec<Burst>,
    pub at_100: Vec<Burst>,
    pub unlimited: Vec<Burst>,
    /// Bursts while 50 streams are on air and recorded.
    pub while_live: Burst,
    /// How long nothing happens.
    pub rest: Duration,
    pub broadcasts_rest: Duration,
    pub restarts: usize,
    /// What one tenant has waiting while another creates.
    pub crowd: usize,
    /// Encoders switched on, with webhooks.
    pub hints: usize,
    /// Recordings begun, each way.
    pub recordings: usize,
}

impl Plan {
    /// What `make bench` measures.
    pub fn full() -> Self {
        Self {
            quick: false,
            sizes: &[0, 100, 1_000, 10_000],
            spaced: 100,
            outside: 20,
            ceiling: 3_000,
            chains: 100,
            at_40: bursts(&[(1, 5), (100, 5), (1_000, 3), (10_000, 1)]),
            at_100: bursts(&[(1, 5), (100, 5), (1_000, 3), (10_000, 1)]),
            // The growing population is the run of 10,000.
            unlimited: bursts(&[(1, 5), (100, 5), (1_000, 3)]),
            while_live: Burst {
                objects: 1_000,
                runs: 2,
            },
            rest: Duration::from_mins(3),
            broadcasts_rest: Duration::from_mins(1),
            restarts: 3,
            crowd: 10_000,
            hints: 200,
            recordings: 20,
        }
    }

    /// What `make bench-quick` measures.
    pub fn quick() -> Self {
        Self {
            quick: true,
            sizes: &[0, 100, 1_000],
            spaced: 30,
            outside: 20,
            ceiling: 300,
            chains: 30,
            at_40: bursts(&[(1, 3), (100, 3)]),
            at_100: bursts(&[(1, 3), (100, 3), (1_000, 1)]),
            unlimited: bursts(&[(1, 3), (100, 3)]),
            while_live: Burst {
                objects: 200,
                runs: 1,
            },
            rest: Duration::from_secs(30),
            broadcasts_rest: Duration::ZERO,
            restarts: 2,
            crowd: 500,
            hints: 50,
            recordings: 6,
        }
    }
}
