//! Values that are too large for a state: a state holds their number, and equal values have one number.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, RwLock},
};

/// The number of a value.
pub type Number = u32;

/// All values of one kind that a run has met, each once.
pub struct Kept<T>(RwLock<Book<T>>);

struct Book<T> {
    numbers: HashMap<String, Number>,
    values: Vec<Arc<T>>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(RwLock::new(Book {
            numbers: HashMap::new(),
            values: Vec::new(),
        }))
    }
}

impl<T> Kept<T> {
    /// The number of a value that is told apart from others by this text.
    pub fn number(&self, text: String, value: T) -> Number {
        if let Some(number) = self.0.read().unwrap().numbers.get(&text) {
            return *number;
        }
        let mut book = self.0.write().unwrap();
        let next = Number::try_from(book.values.len()).unwrap();
        let number = *book.numbers.entry(text).or_insert(next);
        if number == next {
            book.values.push(Arc::new(value));
        }
        number
    }

    /// The value with this number.
    pub fn value(&self, number: Number) -> Arc<T> {
        Arc::clone(&self.0.read().unwrap().values[number as usize])
    }
}

/// What a pure function gave, by its arguments: most states differ in what it does not look at.
pub struct Known<K, V>(RwLock<HashMap<K, V>>);

impl<K, V> Default for Known<K, V> {
    fn default() -> Self {
        Self(RwLock::new(HashMap::new()))
    }
}

impl<K: Hash + Eq, V: Clone> Known<K, V> {
    /// What it gives for these arguments.
    pub fn get(&self, arguments: K, compute: impl FnOnce(&K) -> V) -> V {
        if let Some(known) = self.0.read().unwrap().get(&arguments) {
            return known.clone();
        }
        let value = compute(&arguments);
        self.0.write().unwrap().insert(arguments, value.clone());
        value
    }
}
