//! All figures of a run, as they are printed and kept.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::{figure::Figure, machine::Machine, plan::Plan, table};

/// A run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    pub machine: Machine,
    pub quick: bool,
    /// Only scenarios that were named were run.
    pub partial: bool,
    pub seconds: f64,
    /// Writes a second that the apiserver took from the bench's own generator.
    pub apiserver_writes: Option<f64>,
    /// How long each scenario took.
    pub scenarios: Vec<(String, f64)>,
    pub figures: Vec<Figure>,
    /// Scenarios that could not be measured, and why.
    pub broken: Vec<String>,
}

impl Report {
    /// An empty one.
    pub fn new(plan: &Plan, partial: bool) -> Self {
        Self {
            machine: Machine::new(),
            quick: plan.quick,
            partial,
            seconds: 0.0,
            apiserver_writes: None,
            scenarios: Vec::new(),
            figures: Vec::new(),
            broken: Vec::new(),
        }
    }

    /// A figure by its id.
    pub fn get(&self, id: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.id == id)
    }

    /// Every count is right, and everything was measured.
    pub fn is_right(&self) -> bool {
        self.broken.is_empty() && !self.figures.iter().any(Figure::is_wrong)
    }
}

/// Takes a figure in, and tells it.
pub fn tell(report: &mut Report, begun: Instant, figure: Figure) {
    println!(
        "[{:7.1} s]   {}",
        begun.elapsed().as_secs_f64(),
        table::line(&figure)
    );
    report.figures.push(figure);
}
