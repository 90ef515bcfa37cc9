//! Rows of any table, whatever database they are in: for moving a whole house.
//!
//! The rest of this crate knows its tables one by one and reads what it needs. Here all tables are alike:
//! [`Table`] says which columns there are and what they hold, [`Cell`] is a value apart from the form in which
//! a database stores it, [`Pages`] reads and [`insert`] writes rows, and a [`Digest`] says whether two tables
//! hold the same.
//!
//! | module | holds |
//! |---|---|
//! | `shape` | which tables there are, in the order in which they refer to each other |
//! | `cell` | one value: reading, writing, JSON, canonical bytes |
//! | `passage` | pages of rows out of a database, batches into one |
//! | `digest` | what a table holds, in a few numbers |

mod cell;
mod digest;
mod passage;
mod shape;

pub(crate) use cell::{Cell, Row};
pub(crate) use digest::{Digest, Summary};
pub(crate) use passage::{PAGE, Pages, clear, count, insert, matching, set_sequences, summary};
pub(crate) use shape::{Column, Family, Limit, Table, all, predecessors};
