//! What a series of values comes to.

/// The value that this percentage of them does not exceed. The 100th is the greatest.
pub fn percentile(values: &[f64], percent: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (percent / 100.0 * count(sorted.len())).ceil().max(1.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank of a list that fits into memory"
    )]
    let index = rank as usize - 1;
    sorted
        .get(index.min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or(f64::NAN)
}

/// The one in the middle, or the mean of the two that are.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match (sorted.len() % 2, sorted.get(middle)) {
        (_, None) => f64::NAN,
        (0, Some(upper)) => f64::midpoint(sorted[middle - 1], *upper),
        (_, Some(value)) => *value,
    }
}

/// The mean.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / count(values.len())
}

/// By how much the second of each pair grows when the first grows by one, by least squares.
pub fn slope(points: &[(f64, f64)]) -> f64 {
    let x = mean(&points.iter().map(|p| p.0).collect::<Vec<_>>());
    let y = mean(&points.iter().map(|p| p.1).collect::<Vec<_>>());
    let both: f64 = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
    let spread: f64 = points.iter().map(|p| (p.0 - x).powi(2)).sum();
    if spread > 0.0 { both / spread } else { 0.0 }
}

/// A count as a number to calculate with.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of things that are measured are far below 2^52"
)]
pub fn count(of: usize) -> f64 {
    of as f64
}
