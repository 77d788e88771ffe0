//! The enumeration: each flow again and again, each time with another fault at another call.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{
    choice::Choice,
    flow::Flow,
    flows,
    harness::proxy::{Fault, Point},
    row::Row,
    run::{Run, run},
    verdict::judge,
};

/// What came of it.
pub struct Outcome {
    /// A row for each flow.
    pub rows: Vec<Row>,
    /// What was wrong.
    pub violations: Vec<String>,
    /// How many runs were chosen and not made, because the time was over.
    pub left_out: usize,
}

/// A run that is to be made.
struct Planned {
    flow: usize,
    point: Point,
    fault: Fault,
}

/// Makes the runs that are chosen.
pub fn enumerate(choice: &Choice) -> Outcome {
    let begin = Instant::now();
    let flows: Vec<Flow> = flows::all()
        .into_iter()
        .filter(|flow| choice.flow.as_deref().is_none_or(|name| flow.name == name))
        .collect();
    let mut rows: Vec<Row> = flows
        .iter()
        .map(|flow| Row {
            part: flow.name.to_owned(),
            ..Row::default()
        })
        .collect();
    let mut violations = Vec::new();

    // Twice: what differs between two undisturbed runs is no answer to a fault.
    let twice: Vec<usize> = (0..flows.len()).flat_map(|flow| [flow, flow]).collect();
    let undisturbed = side_by_side(&twice, choice.jobs, |flow| Some(run(&flows[*flow], None)));
    let mut references: Vec<Run> = Vec::new();
    for (flow, pair) in flows.iter().zip(pairs(undisturbed)) {
        let [first, second] = pair;
        let wrong = judge(&first, &second);
        let ended = first.ended + second.ended;
        if !wrong.is_empty() || ended > 0 {
            violations.push(format!(
                "{}, undisturbed; the operator ended by itself {ended} times:\n{}\n{}",
                flow.name,
                wrong.join("\n"),
                second.log
            ));
            rows[references.len()].violations += 1;
        }
        references.push(first);
    }
    println!(
        "{} flows undisturbed, twice: {:.0} s",
        flows.len(),
        begin.elapsed().as_secs_f64()
    );

    let mut planned = Vec::new();
    for (at, reference) in references.iter().enumerate() {
        let points: BTreeSet<&Point> = reference.points.iter().collect();
        rows[at].points = points.len();
        let chosen: Vec<&Point> = match &choice.point {
            Some(point) => vec![point],
            None => reference.points.iter().collect(),
        };
        for point in chosen {
            for fault in Fault::of(&point.route) {
                if choice.fault.is_none_or(|only| only == fault) {
                    planned.push(Planned {
                        flow: at,
                        point: point.clone(),
                        fault,
                    });
                }
            }
        }
    }
    if choice.list {
        for (flow, reference) in flows.iter().zip(&references) {
            println!("\n{}, {:.0} s:", flow.name, reference.seconds);
            for point in &reference.points {
                println!("  {point}");
            }
        }
        planned.clear();
    }
    let all = planned.len();
    let planned = choice.some_of(planned);
    let planned = spread(planned);
    println!(
        "{} of {all} runs, {} side by side",
        planned.len(),
        choice.jobs
    );
    let done = AtomicUsize::new(0);
    let made = side_by_side(&planned, choice.jobs, |planned| {
        if choice.bound.is_some_and(|bound| begin.elapsed() > bound) {
            return None;
        }
        let ran = run(
            &flows[planned.flow],
            Some((planned.point.clone(), planned.fault)),
        );
        let wrong = judge(&references[planned.flow], &ran);
        let count = done.fetch_add(1, Ordering::Relaxed) + 1;
        if count.is_multiple_of(100) {
            println!("{count} runs, {:.0} s", begin.elapsed().as_secs_f64());
        }
        if !wrong.is_empty() {
            println!("{}", told(&flows[planned.flow], planned, &wrong, &ran));
        }
        Some((ran, wrong))
    });
    let mut left_out = 0;
    let mut faults = vec![BTreeSet::new(); flows.len()];
    for (planned, made) in planned.iter().zip(made) {
        let Some((ran, wrong)) = made else {
            left_out += 1;
            continue;
        };
        let row = &mut rows[planned.flow];
        faults[planned.flow].insert(planned.fault);
        row.runs += 1;
        row.seconds += ran.seconds;
        row.not_reached += usize::from(!ran.fired);
        if !wrong.is_empty() {
            row.violations += 1;
            violations.push(format!(
                "{}\n  {}",
                replay(&flows[planned.flow], planned),
                wrong
                    .first()
                    .map_or("", |line| line.lines().next().unwrap_or(""))
            ));
        }
    }
    for (row, faults) in rows.iter_mut().zip(faults) {
        row.faults = faults.len();
    }
    Outcome {
        rows,
        violations,
        left_out,
    }
}

/// The same in another order, in which neighbours are far apart: when the time is over, each flow has
/// had its part.
fn spread<T>(items: Vec<T>) -> Vec<T> {
    const APART: usize = 37;
    let mut rows: Vec<Vec<T>> = (0..APART).map(|_| Vec::new()).collect();
    for (at, item) in items.into_iter().enumerate() {
        rows[at % APART].push(item);
    }
    rows.into_iter().flatten().collect()
}

/// The command that makes a run again.
fn replay(flow: &Flow, planned: &Planned) -> String {
    format!(
        "cargo test --test campaign -- enumerate --all --flow {} --point '{}' --fault {}",
        flow.name, planned.point, planned.fault
    )
}

fn told(flow: &Flow, planned: &Planned, wrong: &[String], run: &Run) -> String {
    format!(
        "\nVIOLATION, again by:\n{}\n{}\n{}\n",
        replay(flow, planned),
        wrong.join("\n"),
        run.log
    )
}

fn pairs<T>(items: Vec<Option<T>>) -> impl Iterator<Item = [T; 2]> {
    let mut items = items.into_iter().flatten();
    std::iter::from_fn(move || Some([items.next()?, items.next()?]))
}

/// Does something with each item, so many at once, and gives the results in order.
fn side_by_side<T: Sync, R: Send>(
    items: &[T],
    jobs: usize,
    act: impl Fn(&T) -> Option<R> + Sync,
) -> Vec<Option<R>> {
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<R>>> = items.iter().map(|_| Mutex::new(None)).collect();
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else { break };
                    let result = act(item);
                    *results[at].lock().unwrap() = result;
                }
            });
        }
    });
    results
        .into_iter()
        .map(|result| result.into_inner().unwrap())
        .collect()
}

/// The longest that the choice for every change may take, without the runs that have begun.
pub const BOUND: Duration = Duration::from_mins(7);
