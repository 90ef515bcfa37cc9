//! For whom archives are encrypted, and who reads them: keys of [age](https://age-encryption.org/v1).

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader};
use std::iter;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use age::{IdentityFile, x25519};

/// A public key that archives are encrypted for: `age1…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient(x25519::Recipient);

/// Why a text or a file holds no key. What it holds is not told.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The text is no public key.
    #[error("must be a public age key, which begins with age1: {0}")]
    Recipient(&'static str),
    /// The file cannot be read, or holds something else.
    #[error("the key cannot be read: {0}")]
    File(#[from] io::Error),
    /// There is none in the file.
    #[error("there is no key in the file")]
    Empty,
}

impl FromStr for Recipient {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        text.parse().map(Self).map_err(KeyError::Recipient)
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The private keys that open an archive: those of a file as `age-keygen` writes it.
#[derive(Clone)]
pub struct Identity(Arc<Vec<Box<dyn age::Identity + Send + Sync>>>);

impl Identity {
    /// Reads a file of keys.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn from_file(path: &Path) -> Result<Self, KeyError> {
        let file = IdentityFile::from_buffer(BufReader::new(File::open(path)?))?;
        let unusable = |_| io::Error::from(io::ErrorKind::InvalidData);
        let keys = file.into_identities().map_err(unusable)?;
        match keys.is_empty() {
            true => Err(KeyError::Empty),
            false => Ok(Self(Arc::new(keys))),
        }
    }

    /// A new key, known to nobody else.
    pub(super) fn passing() -> (Self, Recipient) {
        let key = x25519::Identity::generate();
        let recipient = Recipient(key.to_public());
        (Self(Arc::new(vec![Box::new(key)])), recipient)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &dyn age::Identity> {
        self.0.iter().map(|key| &**key as &dyn age::Identity)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(…)")
    }
}

/// For whom one archive is encrypted: the operator, and whoever checks it right after.
#[derive(Clone, Debug)]
pub(super) struct Recipients {
    operator: Recipient,
    checker: Recipient,
}

impl Recipients {
    pub(super) const fn new(operator: Recipient, checker: Recipient) -> Self {
        Self { operator, checker }
    }

    pub(super) fn encryptor(&self) -> age::Encryptor {
        let both = iter::once(&self.operator).chain(iter::once(&self.checker));
        age::Encryptor::with_recipients(both.map(|recipient| &recipient.0 as &dyn age::Recipient))
            .expect("keys of one sort go together")
    }
}
