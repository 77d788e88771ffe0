//! Lines over the number of objects, both axes by powers of ten.

use super::{
    super::table::number,
    svg::{Anchor, COLOURS, GREY, Svg},
};

/// One line.
pub struct Series {
    pub name: String,
    pub points: Vec<(f64, f64)>,
    /// Which of the colours; grey where there is none.
    pub colour: Option<usize>,
    /// A limit or an aim, not a figure.
    pub dashed: bool,
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 500.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 340.0;

/// A chart of these lines; the unit is that of the upright axis.
pub fn chart(title: &str, unit: &str, series: &[Series]) -> String {
    let mut svg = Svg::new(WIDTH, HEIGHT, title);
    // No object is shown where one would be, left of ten.
    let x_of = |objects: f64| objects.max(1.0);
    let all = || series.iter().flat_map(|line| line.points.iter());
    let (x_low, x_high) = decades(all().map(|(x, _)| x_of(*x)));
    let (y_low, y_high) = decades(all().map(|(_, y)| *y));
    let place = |(x, y): (f64, f64)| {
        let across = (x_of(x).log10() - x_low) / (x_high - x_low);
        let up = (y.max(1e-6).log10() - y_low) / (y_high - y_low);
        (LEFT + across * (RIGHT - LEFT), BOTTOM - up * (BOTTOM - TOP))
    };
    for power in powers(y_low, y_high) {
        let value = 10_f64.powf(power);
        let (_, y) = place((1.0, value));
        svg.line(&[(LEFT, y), (RIGHT, y)], "#dddddd", 1.0, false);
        let label = format!("{} {unit}", number(value));
        svg.text((LEFT - 6.0, y + 4.0), Anchor::End, 11, GREY, &label);
    }
    for power in powers(x_low, x_high) {
        let value = 10_f64.powf(power);
        let (x, _) = place((value, 1.0));
        svg.line(&[(x, TOP), (x, BOTTOM)], "#eeeeee", 1.0, false);
        svg.text((x, BOTTOM + 18.0), Anchor::Middle, 11, GREY, &number(value));
    }
    let middle = f64::midpoint(LEFT, RIGHT);
    svg.text((middle, BOTTOM + 40.0), Anchor::Middle, 12, GREY, "objects");
    for (i, line) in series.iter().enumerate() {
        let colour = line.colour.map_or(GREY, |i| COLOURS[i % COLOURS.len()]);
        let points: Vec<(f64, f64)> = line.points.iter().copied().map(place).collect();
        let width = if line.dashed { 1.3 } else { 2.2 };
        svg.line(&points, colour, width, line.dashed);
        for point in points.iter().filter(|_| !line.dashed) {
            svg.dot(*point, colour);
        }
        let y = TOP + 10.0 + 20.0 * super::count(i);
        svg.line(
            &[(RIGHT + 16.0, y), (RIGHT + 40.0, y)],
            colour,
            width,
            line.dashed,
        );
        svg.text(
            (RIGHT + 46.0, y + 4.0),
            Anchor::Start,
            12,
            "#222222",
            &line.name,
        );
    }
    svg.end()
}

/// The powers of ten around values.
fn decades(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values.filter(|value| *value > 0.0) {
        low = low.min(value.log10());
        high = high.max(value.log10());
    }
    if low > high {
        return (0.0, 1.0);
    }
    let (low, high) = ((low + 1e-9).floor(), (high - 1e-9).ceil());
    (low, if high > low { high } else { low + 1.0 })
}

fn powers(low: f64, high: f64) -> impl Iterator<Item = f64> {
    std::iter::successors(Some(low), |power| Some(power + 1.0)).take_while(move |p| *p <= high)
}
