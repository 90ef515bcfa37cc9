//! What a scenario is and how one is run.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use anyhow::{Result, anyhow};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::database::Backend;
use crate::house::House;

/// A story that must come out as told, on every backend.
#[derive(Clone, Copy)]
pub struct Scenario {
    /// The feature that it is about, as the file is called.
    pub area: &'static str,
    /// Its name, a sentence in snake case.
    pub name: &'static str,
    /// The story. It fails by an error or by a panic.
    pub story: fn(&mut House) -> BoxFuture<'_, Result<()>>,
    /// Whether the house is closed and opened again, which a database in memory does not survive.
    pub reopens: bool,
    /// Whether it begins with a house in which nothing is set up.
    pub bare: bool,
}

impl Scenario {
    /// The backends that it can run on.
    pub fn backends(&self) -> impl Iterator<Item = Backend> {
        let survives = |backend: &Backend| *backend != Backend::SqliteMemory;
        let reopens = self.reopens;
        Backend::ALL
            .into_iter()
            .filter(move |backend| !reopens || survives(backend))
    }

    /// Runs it in a house of its own.
    ///
    /// # Errors
    /// What went wrong: in the story, or with what every house must keep.
    pub async fn run(&self, backend: Backend) -> Result<()> {
        let mut house = match self.bare {
            true => House::open_bare(backend).await?,
            false => House::open(backend).await?,
        };
        let told = AssertUnwindSafe((self.story)(&mut house)).catch_unwind().await;
        let told = told.unwrap_or_else(|panic| Err(anyhow!("{}", message(&*panic))));
        let closed = house.close().await;
        told.and(closed)
    }
}

/// What a panic said.
fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message")
}

/// Lists stories of an area as scenarios.
macro_rules! stories {
    ($area:literal: $($name:ident),+ $(,)?) => {
        $crate::scenario::stories!(@ $area, false, false, $($name),+)
    };
    ($area:literal, reopening: $($name:ident),+ $(,)?) => {
        $crate::scenario::stories!(@ $area, true, false, $($name),+)
    };
    ($area:literal, bare: $($name:ident),+ $(,)?) => {
        $crate::scenario::stories!(@ $area, false, true, $($name),+)
    };
    (@ $area:literal, $reopens:literal, $bare:literal, $($name:ident),+) => {
        &[$($crate::scenario::Scenario {
            area: $area,
            name: stringify!($name),
            story: |house| Box::pin($name(house)),
            reopens: $reopens,
            bare: $bare,
        }),+]
    };
}
pub(crate) use stories;
