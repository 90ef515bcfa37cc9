//! What can be wrong with a catalogue.

/// Something that is wrong with the catalogue, and where.
#[derive(Debug, thiserror::Error)]
#[error("{file}{}{id}: {problem}", if id.is_empty() { "" } else { ": " })]
pub struct CatalogueError {
    /// The file: its name, or its path when it was read from one.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The entry's or text's key within the file; empty when the whole file is meant.
    pub id: String,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The file is absent.
    #[error("the file is missing")]
    MissingFile,
    /// Not TOML, or not of the documented form: unknown keys, missing ones, a weight of 0.
    #[error("{0}")]
    Form(Box<toml::de::Error>),
    /// A template that cannot be parsed.
    #[error("{0}")]
    Template(Box<minijinja::Error>),
    /// Neither openings nor a body.
    #[error("there is nothing to say")]
    NoText,
    /// A title is given exactly with the header `screen`.
    #[error("a title belongs to the header \"screen\" and to no other")]
    Title,
    /// A branch without a name.
    #[error("a branch needs a name in `when`")]
    UnnamedBranch,
    /// Two branches of one name.
    #[error("the branch {0:?} exists twice")]
    DuplicateBranch(String),
    /// Two openings with the same words.
    #[error("two openings say the same")]
    DuplicateOpening,
    /// A button whose label is none.
    #[error("no label is called {0:?}")]
    UnknownLabel(String),
    /// A text that nobody asks for.
    #[error("no such text is used")]
    UnknownKey,
    /// A text that is asked for and absent.
    #[error("the text is missing")]
    MissingKey,
    /// A text that is empty, or longer than the place where it is shown.
    #[error("the text has a length of {length}; 1 to {max} are allowed")]
    Length {
        /// Columns of a label, UTF-16 units of other texts.
        length: usize,
        /// The most that is allowed.
        max: usize,
    },
}
