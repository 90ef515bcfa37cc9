//! Flat files, compiled: exactly the keys that the code knows.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use super::error::{CatalogueError, Problem};
use super::written::{Flat, Written};
use crate::keys::Key;

/// One text for each key.
#[derive(Debug)]
pub(super) struct Table<K, T> {
    texts: BTreeMap<&'static str, T>,
    keys: PhantomData<K>,
}

impl<K: Key, T> Table<K, T> {
    /// The table of a flat file, and what is wrong with it. `measure` tells how long a text is,
    /// `make` what becomes of it.
    pub(super) fn compile(
        flat: Flat,
        written: &Written<'_>,
        max: usize,
        measure: fn(&str) -> usize,
        make: fn(&str) -> T,
    ) -> (Self, Vec<CatalogueError>) {
        let mut texts = BTreeMap::new();
        let mut errors = Vec::new();
        for (key, text) in written.flat(flat) {
            let words = text.is.text.get_ref();
            let length = measure(words);
            match K::ALL.iter().find(|known| known.key() == key) {
                None => errors.push(text.error(key, Problem::UnknownKey)),
                Some(_) if !(1..=max).contains(&length) => {
                    errors.push(text.error(key, Problem::Length { length, max }));
                }
                Some(known) => {
                    texts.insert(known.key(), make(words));
                }
            }
        }
        let written: Vec<&str> = written.flat(flat).map(|(key, _)| key).collect();
        let missing = K::ALL
            .iter()
            .map(|key| key.key())
            .filter(|key| !written.contains(key));
        errors.extend(missing.map(|key| CatalogueError {
            file: flat.file().to_owned(),
            line: 1,
            id: key.to_owned(),
            problem: Problem::MissingKey,
        }));
        let keys = PhantomData;
        (Self { texts, keys }, errors)
    }

    pub(super) fn get(&self, key: K) -> &T {
        &self.texts[key.key()]
    }
}
