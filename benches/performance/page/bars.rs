//! Panels of a few bars each, every panel with a scale of its own.

use super::{
    super::table::with_unit,
    svg::{Anchor, COLOURS, GREY, Svg},
};

/// One panel.
pub struct Panel {
    pub title: String,
    pub unit: String,
    /// Name, value, and which of the colours.
    pub bars: Vec<(String, f64, usize)>,
    /// A line across: what is aimed at.
    pub aim: Option<f64>,
}

const WIDTH: f64 = 760.0;
const BAR: f64 = 130.0;
const BOTTOM: f64 = 215.0;
const ROW: f64 = 250.0;

/// A chart of panels, so many in a row.
pub fn chart(title: &str, in_a_row: usize, panels: &[Panel]) -> String {
    let rows = super::count(panels.len().div_ceil(in_a_row));
    let mut svg = Svg::new(WIDTH, rows * ROW + 30.0, title);
    let each = (WIDTH - 20.0) / super::count(in_a_row);
    for (i, panel) in panels.iter().enumerate() {
        let left = 14.0 + each * super::count(i % in_a_row);
        let top = 30.0 + ROW * super::count(i / in_a_row);
        draw(&mut svg, panel, (left, top), each - 20.0);
    }
    svg.end()
}

fn draw(svg: &mut Svg, panel: &Panel, (left, top): (f64, f64), width: f64) {
    let values = panel.bars.iter().map(|(_, value, _)| *value);
    let most = values.chain(panel.aim).fold(0.0, f64::max).max(1e-9);
    svg.text(
        (left, top + 20.0),
        Anchor::Start,
        12,
        "#222222",
        &panel.title,
    );
    let step = width / super::count(panel.bars.len().max(1));
    let bottom = top + BOTTOM - 30.0;
    for (i, (name, value, colour)) in panel.bars.iter().enumerate() {
        let height = value / most * BAR;
        let x = left + step * super::count(i);
        let colour = COLOURS[colour % COLOURS.len()];
        svg.bar((x + 4.0, bottom - height), (step - 12.0, height), colour);
        let middle = x + step / 2.0 - 2.0;
        let label = with_unit(*value, &panel.unit);
        svg.text(
            (middle, bottom - height - 5.0),
            Anchor::Middle,
            11,
            "#222222",
            &label,
        );
        svg.text((middle, bottom + 15.0), Anchor::Middle, 10, GREY, name);
    }
    svg.line(&[(left, bottom), (left + width, bottom)], GREY, 1.0, false);
    if let Some(aim) = panel.aim {
        let y = bottom - aim / most * BAR;
        svg.line(&[(left, y), (left + width, y)], "#b02a2a", 1.3, true);
    }
}
