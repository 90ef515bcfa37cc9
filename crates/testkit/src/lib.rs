//! Fixtures, the tester and the system scenarios.
//!
//! A scenario drives Lucien from outside, through the stand-in Telegram, with a clock that it moves
//! itself. The same function runs on each [`Backend`].
//!
//! ```
//! # use testkit::{Backend, House};
//! # async fn story() -> anyhow::Result<()> {
//! let mut house = House::open(Backend::SqliteMemory).await?;
//! let ines = house.person("Inés");
//! ines.sends("/start")?;
//! ines.hears("Inés").await?;
//! house.close().await?;
//! # Ok(()) }
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`database`] | a database of its own for each test |
//! | [`fixtures`] | the seven fixtures by name |
//! | [`house`] | the tester: a house, its Telegram and its clock |
//! | [`predecessor`] | databases as the Python bot left them |
//! | [`preload`] | plans, packages and accounts to begin with |
//! | [`scenario`] | what a scenario is and how one is run |
//! | [`scenarios`] | all scenarios, a file per feature |
//! | [`year`] | a house with all its people, through a year |

pub mod database;
pub mod fixtures;
pub mod house;
pub mod predecessor;
pub mod preload;
pub mod scenario;
pub mod scenarios;
pub mod year;

pub use database::{Backend, TestDb};
pub use house::House;
pub use scenario::Scenario;
pub use year::Year;
