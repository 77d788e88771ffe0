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
    let mut flows = flows::all();
    if let Some(only) = choice.provider {
        flows.retain(|flow| flow.at == only);
    }
    if let Some(only) = &choice.flow {
        flows.retain(|flow| flow.title() == *only);
    }
    let row = |flow: &Flow| Row {
        part: flow.title(),
        ..Row::default()
    };
    let mut outcome = Outcome {
        rows: flows.iter().map(row).collect(),
        violations: Vec::new(),
        left_out: 0,
    };
    let references = undisturbed(&flows, choice.jobs, &mut outcome);
    let seconds = begin.elapsed().as_secs_f64();
    println!("{} flows undisturbed, twice: {seconds:.0} s", flows.len());
    for (row, reference) in outcome.rows.iter_mut().zip(&references) {
        row.points = reference.points.len();
    }
    if choice.list {
        for (flow, reference) in flows.iter().zip(&references) {
            println!("\n{}, {:.0} s:", flow.title(), reference.seconds);
            for point in &reference.points {
                println!("  {point}");
            }
        }
        return outcome;
    }

    let all = plan(&references, choice);
    let count = all.len();
    let planned = spread(choice.some_of(all));
    println!(
        "{} of {count} runs, {} side by side",
        planned.len(),
        choice.jobs
    );
    let done = AtomicUsize::new(0);
    let made = side_by_side(&planned, choice.jobs, |planned| {
        if choice.bound.is_some_and(|bound| begin.elapsed() > bound) {
            return None;
        }
        let flow = &flows[planned.flow];
        let fault = (planned.point.clone(), planned.fault);
        let ran = run(flow, Some(fault));
        let wrong = judge(&references[planned.flow], &ran);
        let count = done.fetch_add(1, Ordering::Relaxed) + 1;
        if count.is_multiple_of(100) {
            println!("{count} runs, {:.0} s", begin.elapsed().as_secs_f64());
        }
        if !wrong.is_empty() {
            println!("{}", told(flow, planned, &wrong, &ran));
        }
        Some((ran, wrong))
    });
    add_up(&flows, &planned, made, &mut outcome);
    outcome
}

/// Runs each flow without a fault, twice: what differs between the two is no answer to a fault.
fn undisturbed(flows: &[Flow], jobs: usize, outcome: &mut Outcome) -> Vec<Run> {
    let twice: Vec<usize> = (0..flows.len()).flat_map(|flow| [flow, flow]).collect();
    let runs = side_by_side(&twice, jobs, |flow| Some(run(&flows[*flow], None)));
    let mut references = Vec::new();
    for ((flow, row), [first, second]) in flows.iter().zip(&mut outcome.rows).zip(pairs(runs)) {
        let wrong = judge(&first, &second);
        let ended = first.ended + second.ended;
        if !wrong.is_empty() || ended > 0 {
            row.violations += 1;
            let wrong = wrong.join("\n");
            println!(
                "{}, undisturbed:\n{wrong}\nthe operator ended by itself {ended} times\n{}",
                flow.title(),
                second.log
            );
            let violation = format!("{}, undisturbed", flow.title());
            outcome.violations.push(violation);
        }
        references.push(first);
    }
    references
}

/// All runs that were asked for.
fn plan(references: &[Run], choice: &Choice) -> Vec<Planned> {
    let mut planned = Vec::new();
    for (flow, reference) in references.iter().enumerate() {
        let only = choice.point.as_ref().map(std::slice::from_ref);
        for point in only.unwrap_or(&reference.points) {
            let faults = Fault::of(&point.route).into_iter();
            let faults = faults.filter(|fault| choice.fault.is_none_or(|only| only == *fault));
            planned.extend(faults.map(|fault| Planned {
                flow,
                point: point.clone(),
                fault,
            }));
        }
    }
    planned
}

/// Puts what the runs showed into the rows of their flows.
fn add_up(
    flows: &[Flow],
    planned: &[Planned],
    made: Vec<Option<(Run, Vec<String>)>>,
    outcome: &mut Outcome,
) {
    let mut faults = vec![BTreeSet::new(); flows.len()];
    for (planned, made) in planned.iter().zip(made) {
        let Some((ran, wrong)) = made else {
            outcome.left_out += 1;
            continue;
        };
        let row = &mut outcome.rows[planned.flow];
        faults[planned.flow].insert(planned.fault);
        row.runs += 1;
        row.seconds += ran.seconds;
        row.not_reached += usize::from(!ran.fired);
        if let Some(first) = wrong.first() {
            row.violations += 1;
            let replay = replay(&flows[planned.flow], planned);
            let first = first.lines().next().unwrap_or_default();
            outcome.violations.push(format!("{replay}\n  {first}"));
        }
    }
    for (row, faults) in outcome.rows.iter_mut().zip(faults) {
        row.faults = faults.len();
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
        flow.title(),
        planned.point,
        planned.fault
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
