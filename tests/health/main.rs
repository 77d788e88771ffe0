//! Health by the real tools: every situation that an object can be in, made by the real operator on a
//! real control plane, and judged by kstatus (Flux), Argo CD's Lua interpreter, `kubectl wait` and
//! `helm install --wait`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot go on ends"
)]

#[path = "../operator/harness/mod.rs"]
#[expect(dead_code, unused_imports, reason = "made for many tests")]
mod harness;
mod judges;
mod scripts;
mod situations;
mod values;
mod waiting;

use crate::{
    judges::{argo_cd, helm, kstatus, kubectl_wait},
    situations::{Row, Stage, Verdicts},
};

/// What the tools said of one row.
struct Line {
    situation: &'static str,
    of: String,
    ready: String,
    expected: Verdicts,
    kstatus: String,
    argo_cd: String,
    kubectl: String,
    helm: String,
}

impl Line {
    fn is_right(&self) -> bool {
        let expected = &self.expected;
        self.kstatus == expected.kstatus
            && self.argo_cd == expected.argo_cd
            && self.kubectl == expected.kubectl
            && self.helm == expected.helm
    }
}

#[tokio::test]
async fn every_situation_is_what_the_four_tools_say() {
    let mut lines = Vec::new();
    // One after the other: each has an operator of its own, and many of them at once are slow.
    for (name, stage) in situations::all() {
        println!("stage: {name}");
        let stage = stage.await;
        lines.extend(judge(&stage).await);
    }
    print(&lines);
    let wrong: Vec<String> = lines
        .iter()
        .filter(|line| !line.is_right())
        .map(|line| format!("{} ({}): {:?}", line.situation, line.of, line.expected))
        .collect();
    assert!(wrong.is_empty(), "expected otherwise: {wrong:#?}");
}

async fn judge(stage: &Stage) -> Vec<Line> {
    let mut objects = Vec::new();
    for Row { kind, name, .. } in &stage.rows {
        objects.push(stage.world.get(kind, name).await.unwrap());
    }
    let (by_kstatus, by_argo_cd) = tokio::join!(kstatus(&objects), argo_cd(&objects));
    let mut lines = Vec::new();
    let said = by_kstatus.iter().zip(&by_argo_cd);
    for ((row, object), (by_kstatus, by_argo_cd)) in stage.rows.iter().zip(&objects).zip(said) {
        lines.push(Line {
            situation: row.situation,
            of: format!("{} {}", row.kind, row.name),
            ready: harness::reason(object, "Ready"),
            expected: row.expected,
            kstatus: by_kstatus.status.clone(),
            argo_cd: by_argo_cd.status.clone(),
            kubectl: kubectl_wait(&stage.world, row).await,
            helm: helm(&stage.world, row, object).await,
        });
    }
    lines
}

fn print(lines: &[Line]) {
    println!(
        "\n{:44} {:24} {:20} {:12} {:12} {:12} helm --wait",
        "situation", "object", "Ready's reason", "kstatus", "Argo CD", "kubectl wait"
    );
    for line in lines {
        println!(
            "{:44} {:24} {:20} {:12} {:12} {:12} {}{}",
            line.situation,
            line.of,
            line.ready,
            line.kstatus,
            line.argo_cd,
            line.kubectl,
            line.helm,
            if line.is_right() { "" } else { "   WRONG" }
        );
    }
}
