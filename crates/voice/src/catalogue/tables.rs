//! Flat files: one plain text per key, and exactly the keys that the code knows.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use super::error::{CatalogueError, Problem};
use super::source::parse_file;
use crate::keys::Key;

/// One text for each key.
#[derive(Debug)]
pub(super) struct Table<K, T> {
    texts: BTreeMap<&'static str, T>,
    keys: PhantomData<K>,
}

impl<K: Key, T> Table<K, T> {
    /// A table from a file. `measure` tells how long a text is, `make` what becomes of it.
    pub(super) fn parse(
        file: (&str, &str),
        max: usize,
        measure: fn(&str) -> usize,
        make: fn(&str) -> T,
    ) -> Result<Self, CatalogueError> {
        let mut written: BTreeMap<String, String> = parse_file(file)?;
        let wrong = |key: &str, problem| CatalogueError::new(file.0, key, problem);
        let mut texts = BTreeMap::new();
        for key in K::ALL.iter().map(|key| key.key()) {
            let text = written
                .remove(key)
                .ok_or_else(|| wrong(key, Problem::MissingKey))?;
            let length = measure(&text);
            if !(1..=max).contains(&length) {
                return Err(wrong(key, Problem::Length { length, max }));
            }
            texts.insert(key, make(&text));
        }
        match written.keys().next() {
            Some(key) => Err(wrong(key, Problem::UnknownKey)),
            None => Ok(Self {
                texts,
                keys: PhantomData,
            }),
        }
    }

    pub(super) fn get(&self, key: K) -> &T {
        &self.texts[key.key()]
    }
}
