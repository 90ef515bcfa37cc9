//! Files: what bots and people send, and the names by which each bot knows them.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use axum::body::Bytes;
use serde::{Deserialize, Serialize};

use crate::base64url::{self, NotBase64};

/// What a file is sent as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// A picture.
    Photo,
    /// A film.
    Video,
    /// A film without sound that plays by itself.
    Animation,
    /// Music.
    Audio,
    /// A file of any kind.
    Document,
}

impl MediaKind {
    /// As the Bot API calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Photo => "photo",
            Self::Video => "video",
            Self::Animation => "animation",
            Self::Audio => "audio",
            Self::Document => "document",
        }
    }

    /// As errors about files call it.
    pub(crate) fn type_name(self) -> &'static str {
        match self {
            Self::Photo => "Photo",
            Self::Video => "Video",
            Self::Animation => "Animation",
            Self::Audio => "Audio",
            Self::Document => "Document",
        }
    }

    /// As errors about rights call it.
    pub(crate) fn plural(self) -> &'static str {
        match self {
            Self::Photo => "photos",
            Self::Video => "videos",
            Self::Animation => "animations",
            Self::Audio => "music",
            Self::Document => "documents",
        }
    }

    /// What a `file_id` begins with, as at Telegram.
    fn code(self) -> u8 {
        match self {
            Self::Photo => 2,
            Self::Video => 4,
            Self::Document => 5,
            Self::Audio => 9,
            Self::Animation => 10,
        }
    }

    /// The folder from which files are downloaded, and the extension of those without a name.
    fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::Photo => ("photos", ".jpg"),
            Self::Video => ("videos", ".mp4"),
            Self::Animation => ("animations", ".mp4"),
            Self::Audio => ("music", ".mp3"),
            Self::Document => ("documents", ""),
        }
    }
}

/// Every picture is said to come in these sizes, in pixels; all have the same content.
pub(crate) const PICTURE_SIZES: [(u32, u32); 3] = [(90, 67), (320, 240), (1280, 960)];

/// Where the content of a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stored {
    Here(Bytes),
    /// At an address that nobody has looked at.
    Elsewhere,
}

/// What is told of a file when it is first sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewFile {
    pub(crate) kind: MediaKind,
    pub(crate) name: Option<String>,
    pub(crate) mime_type: Option<String>,
    pub(crate) stored: Stored,
    /// As the sender said; 0 if they did not.
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// In seconds, as the sender said.
    pub(crate) duration: u32,
    /// Of music.
    pub(crate) performer: Option<String>,
    pub(crate) title: Option<String>,
}

impl NewFile {
    pub(crate) fn new(kind: MediaKind, stored: Stored) -> Self {
        Self {
            kind,
            name: None,
            mime_type: None,
            stored,
            width: 0,
            height: 0,
            duration: 0,
            performer: None,
            title: None,
        }
    }
}

/// A file; the number is its identity.
#[derive(Debug)]
pub(crate) struct File {
    number: u32,
    pub(crate) facts: NewFile,
}

impl PartialEq for File {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for File {}

impl File {
    pub(crate) fn kind(&self) -> MediaKind {
        self.facts.kind
    }

    /// In bytes; None where nobody has looked.
    pub(crate) fn size(&self) -> Option<usize> {
        match &self.facts.stored {
            Stored::Here(content) => Some(content.len()),
            Stored::Elsewhere => None,
        }
    }

    fn path(&self) -> String {
        let (folder, extension) = self.kind().place();
        let name = self.facts.name.as_deref().unwrap_or_default();
        let is_plain = |extension: &&str| {
            !extension.is_empty() && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        let own = name
            .rsplit_once('.')
            .map(|(_, extension)| extension)
            .filter(is_plain);
        match own {
            Some(own) if self.kind() != MediaKind::Photo => format!("{folder}/file_{}.{own}", self.number),
            _ => format!("{folder}/file_{}{extension}", self.number),
        }
    }
}

/// Why a text cannot be the name of a file, in Telegram's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotAFileId {
    #[error(transparent)]
    Encoding(#[from] NotBase64),
    #[error("can't unserialize it")]
    Content,
    #[error("can't unserialize it. Wrong last symbol")]
    Version,
}

/// The last byte of every `file_id`.
const VERSION: u8 = 4;

/// Bytes of a `file_id`: kind, three as at Telegram, size of the picture, number, seal, version.
const FILE_ID: usize = 4 + 1 + 4 + 8 + 1;

#[derive(Debug, Default)]
pub(crate) struct Files {
    all: Vec<Arc<File>>,
    /// What bots may download, by path.
    served: HashMap<(i64, String), Bytes>,
    /// Seals the names, so that no bot can use another's or make its own.
    seal: RandomState,
}

impl Files {
    pub(crate) fn add(&mut self, facts: NewFile) -> Arc<File> {
        let number = u32::try_from(self.all.len()).expect("memory ends long before the numbers");
        let file = Arc::new(File { number, facts });
        self.all.push(Arc::clone(&file));
        file
    }

    /// The name by which a bot sends the file again: always the same, and of no use to another
    /// bot. `size` tells the sizes of a picture apart.
    pub(crate) fn id(&self, bot: i64, file: &File, size: u8) -> String {
        let seal = self.seal.hash_one((bot, file.number, size));
        let mut bytes = Vec::with_capacity(FILE_ID);
        bytes.extend([file.kind().code(), 0, 2, 0, size]);
        // The number shows nothing to whom the seal says nothing. Half of the seal will do.
        bytes.extend((file.number ^ (seal >> 32) as u32).to_le_bytes());
        bytes.extend(seal.to_le_bytes());
        bytes.push(VERSION);
        base64url::encode(&bytes)
    }

    /// The name by which every bot recognises the file, and none can send it.
    pub(crate) fn unique_id(&self, file: &File, size: u8) -> String {
        let is_photo = file.kind() == MediaKind::Photo;
        let mut bytes = vec![if is_photo { 1 } else { 2 }, 0, 3];
        bytes.extend(self.seal.hash_one((file.number, size)).to_le_bytes());
        bytes.push(VERSION);
        base64url::encode(&bytes)
    }

    /// The name by which the window knows the file; of no use to bots.
    pub(crate) fn key(&self, file: &File) -> String {
        format!(
            "{}-{:016x}",
            file.number,
            self.seal.hash_one(("key", file.number))
        )
    }

    /// The file that the window knows by this name.
    pub(crate) fn by_key(&self, key: &str) -> Option<Arc<File>> {
        let (number, _) = key.split_once('-')?;
        let file = self.all.get(number.parse::<usize>().ok()?)?;
        (self.key(file) == key).then(|| Arc::clone(file))
    }

    /// The file that a bot knows by this name, and the size of the picture; None if it knows none.
    pub(crate) fn find(&self, bot: i64, id: &str) -> Result<Option<(&Arc<File>, u8)>, NotAFileId> {
        let bytes = base64url::decode(id)?;
        if bytes.last() != Some(&VERSION) {
            return Err(NotAFileId::Version);
        }
        if bytes.len() != FILE_ID {
            return Err(NotAFileId::Content);
        }
        let masked = u32::from_le_bytes([bytes[5], bytes[6], bytes[7], bytes[8]]);
        let upper = u32::from_le_bytes([bytes[13], bytes[14], bytes[15], bytes[16]]);
        let file = usize::try_from(masked ^ upper)
            .ok()
            .and_then(|number| self.all.get(number));
        let (size, id) = (bytes[4], id.trim_end_matches('='));
        Ok(file
            .filter(|file| self.id(bot, file, size) == id)
            .map(|file| (file, size)))
    }

    /// Lets a bot download a file whose content is here; returns the path.
    pub(crate) fn serve(&mut self, bot: i64, file: &File) -> Option<String> {
        let Stored::Here(content) = &file.facts.stored else {
            return None;
        };
        let path = file.path();
        self.served.insert((bot, path.clone()), content.clone());
        Some(path)
    }

    pub(crate) fn served(&self, bot: i64, path: &str) -> Option<Bytes> {
        self.served.get(&(bot, path.to_owned())).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(name: &str) -> NewFile {
        NewFile {
            name: Some(name.to_owned()),
            ..NewFile::new(MediaKind::Document, Stored::Here(Bytes::from_static(b"x")))
        }
    }

    #[test]
    fn names_are_each_bots_own_and_cannot_be_made_up() {
        let mut files = Files::default();
        let (one, two) = (files.add(document("a")), files.add(document("b")));
        let (id, other) = (files.id(7, &one, 0), files.id(8, &one, 0));
        assert_ne!(id, other);
        assert_ne!(files.unique_id(&one, 0), files.unique_id(&two, 0));
        assert!(id.starts_with("BQAC"), "{id}");
        assert_eq!(files.find(7, &id), Ok(Some((&one, 0))));
        assert_eq!(files.find(7, &format!("{id}=")), Ok(Some((&one, 0))));
        assert_eq!(files.find(7, &other), Ok(None));
        let mut bytes = base64url::decode(&id).expect("it was just encoded");
        bytes[5] ^= 1;
        assert_eq!(files.find(7, &base64url::encode(&bytes)), Ok(None));
        let table = [
            ("", NotAFileId::Version),
            ("AAAA", NotAFileId::Version),
            ("AAAE", NotAFileId::Content),
            ("A", NotAFileId::Encoding(NotBase64::Length)),
        ];
        for (text, error) in table {
            assert_eq!(files.find(7, text), Err(error), "{text}");
        }
    }

    #[test]
    fn only_who_asked_may_download() {
        let mut files = Files::default();
        let file = files.add(document("Cuenta.año.PDF"));
        let path = files.serve(7, &file).expect("it is here");
        assert_eq!(path, "documents/file_0.PDF");
        assert!(files.served(7, &path).is_some());
        assert!(files.served(8, &path).is_none());
        let strange = files.add(document("../x.a/b"));
        assert_eq!(files.serve(7, &strange).as_deref(), Some("documents/file_1"));
        let elsewhere = files.add(NewFile::new(MediaKind::Photo, Stored::Elsewhere));
        assert_eq!(files.serve(7, &elsewhere), None);
    }

    proptest::proptest! {
        #[test]
        fn no_name_is_too_strange(id in "\\PC*|[A-Za-z0-9_-]{0,30}") {
            let mut files = Files::default();
            files.add(document("a"));
            // Whether it may be one or not, it is nobody's.
            proptest::prop_assert!(!matches!(files.find(7, &id), Ok(Some(_))));
        }
    }
}
