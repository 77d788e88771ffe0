//! What a run with a fault did that the one without did not.

use crate::{picture::difference, run::Run};

/// What is wrong with a run, in lines; nothing where it is right.
pub fn judge(undisturbed: &Run, run: &Run) -> Vec<String> {
    if let Some(stuck) = &run.stuck {
        return vec![format!("it came to no end: {stuck}")];
    }
    let (Some(before), Some(after)) = (&undisturbed.pictures, &run.pictures) else {
        return vec!["there is nothing to compare it with".to_owned()];
    };
    let panicked = run.panicked.iter();
    let mut lines: Vec<String> = panicked
        .map(|line| format!("the operator panicked: {line}"))
        .collect();
    for (what, before, after) in [
        ("at rest", &before[0], &after[0]),
        ("when all objects were deleted", &before[1], &after[1]),
    ] {
        let differs = difference(before, after);
        if !differs.is_empty() {
            lines.push(format!("{what} it is otherwise than undisturbed:"));
            lines.extend(differs);
        }
    }
    for stream in &run.left {
        lines.push(format!("a stream with our mark is left: {stream}"));
    }
    lines
}
