//! One figure: its values, its physical limit, and what it aims at.

use serde::{Deserialize, Serialize};

use super::stats::{count, median, percentile};

/// What of the values is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    Median,
    P99,
    Max,
    /// The median over the limit.
    Ratio,
}

/// The least that physics, or arithmetic, allows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Limit {
    pub value: f64,
    /// What of the values it limits.
    pub part: Part,
    /// Where it comes from.
    pub from: String,
}

/// What is aimed at.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Aim {
    pub part: Part,
    pub at_most: f64,
    /// A count that is wrong where it is missed. Seconds and bytes are never that.
    pub must: bool,
}

/// One figure.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figure {
    /// `a-create-100`: the metric's letter, what, and at which size.
    pub id: String,
    pub what: String,
    pub unit: String,
    /// Of how many runs the values are.
    pub runs: usize,
    /// Every value that was measured.
    pub values: Vec<f64>,
    pub limit: Option<Limit>,
    pub aims: Vec<Aim>,
    pub notes: Vec<String>,
}

impl Figure {
    /// Of these values.
    pub fn new(
        id: impl Into<String>,
        what: impl Into<String>,
        unit: &str,
        values: Vec<f64>,
    ) -> Self {
        Self {
            id: id.into(),
            what: what.into(),
            unit: unit.to_owned(),
            runs: 1,
            values,
            limit: None,
            aims: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Of one value.
    pub fn one(id: impl Into<String>, what: impl Into<String>, unit: &str, value: f64) -> Self {
        Self::new(id, what, unit, vec![value])
    }

    /// Of a count that must be this.
    pub fn exactly(
        id: impl Into<String>,
        what: impl Into<String>,
        value: usize,
        must: usize,
    ) -> Self {
        let mut figure = Self::one(id, what, "", count(value));
        figure.limit = Some(Limit {
            value: count(must),
            part: Part::Median,
            from: "a count".to_owned(),
        });
        // More is wrong; less cannot be, for nothing happens without its calls.
        figure.aims.push(Aim {
            part: Part::Max,
            at_most: count(must),
            must: true,
        });
        figure
    }

    /// The values are of so many runs.
    pub fn runs(mut self, runs: usize) -> Self {
        self.runs = runs;
        self
    }

    /// What the median cannot go below.
    pub fn limit(self, value: f64, from: impl Into<String>) -> Self {
        self.limit_of(Part::Median, value, from)
    }

    /// What a part of the values cannot go below.
    pub fn limit_of(mut self, part: Part, value: f64, from: impl Into<String>) -> Self {
        self.limit = value.is_finite().then(|| Limit {
            value,
            part,
            from: from.into(),
        });
        self
    }

    /// What is aimed at.
    pub fn aim(mut self, part: Part, at_most: f64) -> Self {
        self.aims.push(Aim {
            part,
            at_most,
            must: false,
        });
        self
    }

    /// What else is to be known of it.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// A part of the values; `None` where there is none.
    pub fn part(&self, part: Part) -> Option<f64> {
        let value = match part {
            Part::Median => median(&self.values),
            Part::P99 => percentile(&self.values, 99.0),
            Part::Max => percentile(&self.values, 100.0),
            Part::Ratio => return self.ratio(),
        };
        value.is_finite().then_some(value)
    }

    /// The least of the values.
    pub fn least(&self) -> Option<f64> {
        self.values.iter().copied().min_by(f64::total_cmp)
    }

    /// How often its limit it is. Nothing is how often nothing: that is once.
    pub fn ratio(&self) -> Option<f64> {
        let limit = self.limit.as_ref()?;
        let value = match limit.part {
            Part::Max => percentile(&self.values, 100.0),
            Part::P99 => percentile(&self.values, 99.0),
            Part::Median | Part::Ratio => median(&self.values),
        };
        if limit.value > 0.0 {
            Some(value / limit.value)
        } else {
            (value == 0.0).then_some(1.0)
        }
    }

    /// Whether an aim is met.
    pub fn meets(&self, aim: Aim) -> bool {
        self.part(aim.part)
            .is_some_and(|value| value <= aim.at_most)
    }

    /// A count is wrong.
    pub fn is_wrong(&self) -> bool {
        self.aims.iter().any(|aim| aim.must && !self.meets(*aim))
    }
}
