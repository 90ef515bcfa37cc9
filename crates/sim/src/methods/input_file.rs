//! Files that a bot sends: uploaded, by a name that it knows from before, or by address.

use std::sync::Arc;

use super::Context;
use crate::link::{self, LinkError};
use crate::params::UploadedFile;
use crate::state::{File, MediaKind, NewFile, Stored, World};

/// What pictures may be called.
const PICTURES: [&str; 7] = ["jpg", "jpeg", "gif", "png", "tif", "tiff", "bmp"];

/// What addresses of pictures do not end in.
const NO_PICTURES: [&str; 6] = ["htm", "html", "mp4", "pdf", "txt", "zip"];

const UNKNOWN: &str = "Wrong file identifier/HTTP URL specified";

/// What a bot gave for a file.
pub(super) enum InputFile {
    Uploaded(Arc<UploadedFile>),
    /// By a `file_id` or an address.
    Named(String),
}

/// A file that can be sent, or what a data centre will say against it.
pub(super) enum Sendable {
    Known(Arc<File>),
    New(NewFile),
    Refused(&'static str),
}

impl InputFile {
    /// What `text` names: a part of the request as `attach://part`, or a file by name. Without a
    /// text it is the part that has the name of the field. None if nothing is there.
    pub(super) fn read(context: &Context<'_>, field: &str, text: &str) -> Option<Self> {
        let part = match text.strip_prefix("attach://") {
            Some(part) => part,
            None if text.is_empty() => field,
            None => return Some(Self::Named(text.to_owned())),
        };
        let file = context.params.file(part)?;
        Some(Self::Uploaded(Arc::clone(file)))
    }

    /// What the client library says of it; `facts` are for a file that is new. Errors are in the
    /// server's words.
    pub(super) fn check(&self, world: &World, bot: i64, facts: NewFile) -> Result<Sendable, String> {
        match self {
            Self::Uploaded(file) if file.content.is_empty() => Err("File must be non-empty".into()),
            Self::Uploaded(file) => Ok(uploaded(file, facts)),
            Self::Named(url) if url.contains('.') => at_address(url, facts),
            Self::Named(id) => {
                let file = world
                    .files
                    .find(bot, id)
                    .map_err(|x| format!("Wrong remote file identifier specified: {x}"))?;
                let Some((file, _)) = file else {
                    return Ok(Sendable::Refused(UNKNOWN));
                };
                let (is, wanted) = (file.kind(), facts.kind);
                // All but pictures are documents of some sort and keep theirs.
                if (is == MediaKind::Photo) != (wanted == MediaKind::Photo) {
                    let (is, wanted) = (is.type_name(), wanted.type_name());
                    return Err(format!("Can't use file of type {is} as {wanted}"));
                }
                Ok(Sendable::Known(Arc::clone(file)))
            }
        }
    }
}

impl Sendable {
    /// The file, kept if it is new.
    pub(super) fn keep(self, world: &mut World) -> Result<Arc<File>, &'static str> {
        match self {
            Self::Known(file) => Ok(file),
            Self::New(facts) => Ok(world.files.add(facts)),
            Self::Refused(why) => Err(why),
        }
    }
}

fn uploaded(file: &UploadedFile, facts: NewFile) -> Sendable {
    if facts.kind == MediaKind::Photo {
        let extension = extension(&file.name);
        if extension.is_some_and(|extension| !PICTURES.contains(&extension.as_str())) {
            return Sendable::Refused(
                "Photo has unsupported extension. Use one of .jpg, .jpeg, .gif, .png, .tif or .bmp",
            );
        }
        if !is_picture(&file.content) {
            return Sendable::Refused("IMAGE_PROCESS_FAILED");
        }
    }
    let is_photo = facts.kind == MediaKind::Photo;
    Sendable::New(NewFile {
        name: (!is_photo && !file.name.is_empty()).then(|| file.name.clone()),
        mime_type: file.content_type.clone().filter(|_| !is_photo),
        stored: Stored::Here(file.content.clone()),
        ..facts
    })
}

/// Nobody goes there; an address need only be one from which a file might come.
fn at_address(url: &str, facts: NewFile) -> Result<Sendable, String> {
    let link = match link::check(url) {
        Ok(link) if link.starts_with("http") => link,
        Ok(_) => return Err(invalid_url(LinkError::UnsupportedProtocol)),
        Err(error @ (LinkError::UnsupportedProtocol | LinkError::WrongPort | LinkError::EmptyHost)) => {
            return Err(invalid_url(error));
        }
        Err(_) => return Ok(Sendable::Refused("Failed to get HTTP URL content")),
    };
    let path = link.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let is_photo = facts.kind == MediaKind::Photo;
    if is_photo && extension(name).is_some_and(|it| NO_PICTURES.contains(&it.as_str())) {
        return Ok(Sendable::Refused("Wrong type of the web page content"));
    }
    Ok(Sendable::New(NewFile {
        name: (!is_photo && !name.is_empty()).then(|| name.to_owned()),
        stored: Stored::Elsewhere,
        ..facts
    }))
}

fn invalid_url(error: LinkError) -> String {
    format!("Invalid file HTTP URL specified: {error}")
}

fn extension(name: &str) -> Option<String> {
    let (_, extension) = name.rsplit_once('.')?;
    Some(extension.to_ascii_lowercase())
}

/// Whether a file begins as a picture does; nobody looks further.
fn is_picture(content: &[u8]) -> bool {
    let beginnings: [&[u8]; 7] = [
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"GIF8",
        b"BM",
        b"II*\0",
        b"MM\0*",
        b"RIFF",
    ];
    beginnings.iter().any(|beginning| content.starts_with(beginning))
}
