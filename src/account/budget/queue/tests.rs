use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::{clock, object_key::ObjectKey};

fn seat(namespace: &str, name: &str) -> Seat {
    Kind::LiveStream.seat(&ObjectKey::new(namespace, name))
}

/// Who came out: `namespace/name`, or `task`.
fn out(queue: &mut Queue) -> String {
    match queue.pop() {
        Some(Ticket::Object(seat)) => seat.key.to_string(),
        Some(Ticket::Task { .. }) => "task".to_owned(),
        None => "nobody".to_owned(),
    }
}

fn file(queue: &mut Queue, namespace: &str, count: usize, class: Class) {
    let now = clock::now().mono;
    for i in 0..count {
        assert!(queue.file(
            &seat(namespace, &format!("{}{i}", class.label())),
            class,
            now
        ));
    }
}

#[test]
fn where_all_wait_each_class_has_its_share() {
    let mut queue = Queue::default();
    for class in Class::ALL {
        file(&mut queue, "a", 1000, class);
    }
    let served: Vec<String> = (0..700).map(|_| out(&mut queue)).collect();
    let of = |class: Class| {
        let word = format!("a/{}", class.label());
        served.iter().filter(|name| name.starts_with(&word)).count()
    };
    assert_eq!(Class::ALL.map(of), [200, 200, 200, 100]);
    // Not in blocks: what is on air never waits for more than the others' turns.
    let live = served.iter().map(|name| name.starts_with("a/live"));
    let gaps = live.fold((0, 0), |(longest, gap): (usize, usize), live| {
        let gap = if live { 0 } else { gap + 1 };
        (longest.max(gap), gap)
    });
    assert!(gaps.0 <= 3, "{served:?}");
}

#[test]
fn who_comes_late_is_served_at_once_and_has_saved_nothing_up() {
    let mut queue = Queue::default();
    file(&mut queue, "a", 10_000, Class::Create);
    for _ in 0..5000 {
        assert!(out(&mut queue).starts_with("a/create"));
    }
    file(&mut queue, "b", 100, Class::Change);
    let served: Vec<String> = (0..20).map(|_| out(&mut queue)).collect();
    assert!(served[..2].contains(&"b/change0".to_owned()), "{served:?}");
    let changes = served.iter().filter(|name| name.starts_with("b/")).count();
    assert!((10..=11).contains(&changes), "{served:?}");
}

#[test]
fn namespaces_take_turns_and_inside_the_first_is_first() {
    let mut queue = Queue::default();
    file(&mut queue, "a", 10_000, Class::Create);
    assert_eq!(out(&mut queue), "a/create0");
    file(&mut queue, "b", 2, Class::Create);
    let served: Vec<String> = (0..5).map(|_| out(&mut queue)).collect();
    assert_eq!(
        served,
        [
            "a/create1",
            "b/create0",
            "a/create2",
            "b/create1",
            "a/create3"
        ]
    );
    // One that comes back again and again gets no more than its turn.
    let now = clock::now().mono;
    let mut turns = Vec::new();
    for _ in 0..6 {
        queue.file(&seat("b", "again"), Class::Create, now);
        turns.push(out(&mut queue).starts_with("b/"));
    }
    assert_eq!(turns.iter().filter(|b| **b).count(), 3, "{turns:?}");
}

#[test]
fn who_has_just_read_is_the_next_of_its_class() {
    let now = clock::now().mono;
    let mut queue = Queue::default();
    file(&mut queue, "a", 3, Class::Change);
    file(&mut queue, "b", 3, Class::Live);
    queue.file_first(&seat("a", "change2"), Class::Change, now);
    let served: Vec<String> = (0..6).map(|_| out(&mut queue)).collect();
    let of = |word: &str| -> Vec<String> {
        let served = served.iter().filter(|name| name.contains(word));
        served.cloned().collect()
    };
    assert_eq!(of("a/"), ["a/change2", "a/change0", "a/change1"]);
    assert_eq!(of("b/").len(), 3);
    assert_eq!(served.iter().position(|name| name == "b/live1"), Some(2));
    assert_eq!(out(&mut queue), "nobody");
}

#[test]
fn a_ticket_changes_its_class_and_keeps_its_age() {
    let start = clock::now().mono;
    let later = start + Duration::from_secs(60);
    let mut queue = Queue::default();
    let who = seat("a", "a");
    assert!(queue.file(&who, Class::Create, start));
    assert!(!queue.file(&who, Class::Create, later));
    assert!(queue.file(&who, Class::Change, later));
    assert_eq!(Class::ALL.map(|class| queue.count(class)), [0, 1, 0, 0]);
    assert_eq!(queue.oldest(Class::Change), Some(start));
    assert_eq!(queue.oldest(Class::Create), None);
    assert!(queue.forget(&who) && !queue.forget(&who) && queue.is_empty());
}

#[test]
fn probes_and_trials_are_found_among_ten_thousand() {
    let now = clock::now().mono;
    let mut queue = Queue::default();
    file(&mut queue, "a", 10_000, Class::Walk);
    let task = |probes| (oneshot::channel().0, probes);
    for (granted, probes) in [task(false), task(true)] {
        queue.file_task(Class::Walk, probes, granted, now);
    }
    let account = Kind::StreamingAccount.seat(&ObjectKey::new("a", "a"));
    queue.file(&account, Class::Change, now);
    assert!(queue.pop_where(Ticket::is_probe).is_some());
    assert!(queue.pop_where(Ticket::is_probe).is_none());
    assert!(queue.any(Ticket::is_trial));
    assert!(queue.pop_where(Ticket::is_trial).is_some());
    assert!(!queue.any(Ticket::is_trial) && !queue.forget(&account));
    assert_eq!(queue.count(Class::Walk), 10_001);
}

proptest! {
    /// Whatever is filed, moved and forgotten: everybody comes out once, and nothing is left.
    #[test]
    fn nobody_is_lost_and_nobody_comes_twice(steps in prop::collection::vec((0u8..5, 0u8..4, 0u8..3, 0u8..6), 1..300)) {
        let now = clock::now().mono;
        let mut queue = Queue::default();
        let mut waiting = std::collections::HashSet::new();
        for (act, class, namespace, name) in steps {
            let class = Class::ALL[usize::from(class)];
            let who = seat(&format!("n{namespace}"), &name.to_string());
            match act {
                0 | 1 => { queue.file(&who, class, now); waiting.insert(who); }
                2 => { queue.file_first(&who, class, now); waiting.insert(who); }
                3 => prop_assert_eq!(queue.forget(&who), waiting.remove(&who)),
                _ => match queue.pop() {
                    Some(Ticket::Object(who)) => prop_assert!(waiting.remove(&who)),
                    Some(Ticket::Task { .. }) => prop_assert!(false),
                    None => prop_assert!(waiting.is_empty()),
                },
            }
            let count: usize = Class::ALL.iter().map(|class| queue.count(*class)).sum();
            prop_assert_eq!(count, waiting.len());
            prop_assert_eq!(queue.is_empty(), waiting.is_empty());
        }
        while let Some(Ticket::Object(who)) = queue.pop() {
            prop_assert!(waiting.remove(&who));
        }
        prop_assert!(waiting.is_empty());
        for line in &queue.lines {
            prop_assert!(line.lanes.is_empty() && line.turns.is_empty() && line.first.is_empty());
        }
    }
}
