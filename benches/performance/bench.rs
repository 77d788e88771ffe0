//! A run: one scenario after the other, each with all that it needs.

use std::{
    fs,
    panic::AssertUnwindSafe,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use futures::FutureExt as _;

use super::{
    arguments::Arguments,
    control_plane::control_plane,
    figure::Figure,
    plan::Plan,
    report::{self, Report},
    scenarios,
};

/// What the machine itself can do, measured by the bench's own calls in the same run.
#[derive(Clone, Debug, Default)]
pub struct Floors {
    /// Writes a second that the apiserver takes.
    pub writes: Option<f64>,
    /// Milliseconds from a creation to the arrival of a POST, through a watch and a write.
    pub create: Option<f64>,
    /// The same to a watch that shows the status.
    pub converge: Option<f64>,
    /// Milliseconds from an edit to the arrival of a PATCH, through a watch.
    pub edit: Option<f64>,
    /// Milliseconds for a read at the provider, a status write and its watch event.
    pub read_and_tell: Option<f64>,
}

/// A run.
pub struct Bench {
    pub plan: Plan,
    begun: Instant,
    report: Mutex<Report>,
    floors: Mutex<Floors>,
}

impl Bench {
    /// Measures everything, or what was asked for.
    pub async fn run(arguments: &Arguments) -> Report {
        let plan = if arguments.quick {
            Plan::quick()
        } else {
            Plan::full()
        };
        println!("a control plane is started (and built, the first time)");
        control_plane();
        let bench = Self {
            begun: Instant::now(),
            report: Mutex::new(Report::new(&plan, !arguments.only.is_empty())),
            floors: Mutex::default(),
            plan,
        };
        bench.with_report(|report| println!("{:#?}", report.machine));
        println!(
            "simulator: answers at once, 25 items a page, no rate limit of its own; its clock runs as the real one, or ten times as fast \
             where intervals are a tenth"
        );
        let wanted = |name: &str| {
            // Without the floors there is nothing to compare with.
            name == scenarios::FLOORS
                || arguments.only.is_empty()
                || arguments.only.iter().any(|part| name.contains(part))
        };
        for (name, scenario) in scenarios::all() {
            if wanted(name) {
                bench.say(&format!("== {name}"));
                let begun = Instant::now();
                let ended = AssertUnwindSafe(scenario(&bench)).catch_unwind().await;
                let seconds = begun.elapsed().as_secs_f64();
                bench.with_report(|report| {
                    report.scenarios.push((name.to_owned(), seconds));
                    if let Err(panic) = ended {
                        let why = panic_text(panic.as_ref());
                        println!("{name} could not be measured: {why}");
                        report.broken.push(format!("{name}: {why}"));
                    }
                });
            }
        }
        // With the bodies of every write it is far too large to be kept.
        let _ = fs::remove_file(&control_plane().audit_log);
        bench.with_report(|report| {
            report.seconds = bench.begun.elapsed().as_secs_f64();
            report.clone()
        })
    }

    /// Tells how far it is.
    pub fn say(&self, what: &str) {
        println!("[{:7.1} s] {what}", self.begun.elapsed().as_secs_f64());
    }

    /// Takes a figure in.
    pub fn tell(&self, figure: Figure) {
        self.with_report(|report| report::tell(report, self.begun, figure));
    }

    /// Looks at the report, or changes it.
    pub fn with_report<T>(&self, look: impl FnOnce(&mut Report) -> T) -> T {
        look(&mut self.report.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What the machine itself can do.
    pub fn floors(&self) -> Floors {
        let floors = self.floors.lock().unwrap_or_else(PoisonError::into_inner);
        floors.clone()
    }

    /// Keeps what the machine itself can do.
    pub fn set_floors(&self, floors: Floors) {
        self.with_report(|report| report.apiserver_writes = floors.writes);
        *self.floors.lock().unwrap_or_else(PoisonError::into_inner) = floors;
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    text.unwrap_or_else(|| "it panicked".to_owned())
}
