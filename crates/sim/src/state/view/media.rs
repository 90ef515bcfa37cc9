//! Files as JSON, each under the names that one bot knows.

use serde::Serialize;

use super::entity::EntityView;
use crate::state::World;
use crate::state::file::{File, MediaKind, PICTURE_SIZES};
use crate::state::message::Media;

/// What a message with a file is about.
#[derive(Serialize)]
pub(super) struct MediaView<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    photo: Vec<FileView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    video: Option<FileView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    animation: Option<FileView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio: Option<FileView<'a>>,
    /// There for animations too, for clients that do not know them.
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<FileView<'a>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    caption: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    caption_entities: Vec<EntityView<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    show_caption_above_media: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    has_media_spoiler: bool,
}

/// A file, or one size of a picture.
#[derive(Serialize)]
pub(crate) struct FileView<'a> {
    file_id: String,
    file_unique_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    performer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_size: Option<usize>,
    /// Where it can be downloaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file_path: Option<String>,
}

impl<'a> MediaView<'a> {
    pub(super) fn of(world: &'a World, bot: i64, media: &'a Media) -> Self {
        let file = &*media.file;
        let only = |kind| (file.kind() == kind).then(|| FileView::whole(world, bot, file));
        Self {
            photo: match file.kind() {
                MediaKind::Photo => FileView::sizes(world, bot, file),
                _ => Vec::new(),
            },
            video: only(MediaKind::Video),
            animation: only(MediaKind::Animation),
            audio: only(MediaKind::Audio),
            document: only(MediaKind::Document).or_else(|| {
                let animation = only(MediaKind::Animation)?;
                Some(FileView {
                    width: None,
                    height: None,
                    duration: None,
                    ..animation
                })
            }),
            caption: &media.caption.text,
            caption_entities: EntityView::all(world, &media.caption.entities),
            show_caption_above_media: media.is_caption_above,
            has_media_spoiler: media.has_spoiler,
        }
    }
}

impl<'a> FileView<'a> {
    /// No more than its names and its length.
    pub(crate) fn named(world: &World, bot: i64, file: &File, size: u8) -> Self {
        Self {
            file_id: world.files.id(bot, file, size),
            file_unique_id: world.files.unique_id(file, size),
            width: None,
            height: None,
            duration: None,
            performer: None,
            title: None,
            file_name: None,
            mime_type: None,
            file_size: file.size(),
            file_path: None,
        }
    }

    fn whole(world: &World, bot: i64, file: &'a File) -> Self {
        let facts = &file.facts;
        let is_film = matches!(file.kind(), MediaKind::Video | MediaKind::Animation);
        let is_music = file.kind() == MediaKind::Audio;
        Self {
            width: is_film.then_some(facts.width),
            height: is_film.then_some(facts.height),
            duration: (is_film || is_music).then_some(facts.duration),
            performer: facts.performer.as_deref(),
            title: facts.title.as_deref(),
            file_name: facts.name.as_deref(),
            mime_type: facts.mime_type.as_deref(),
            ..Self::named(world, bot, file, 0)
        }
    }

    /// A picture, smallest first.
    fn sizes(world: &World, bot: i64, file: &File) -> Vec<Self> {
        let sizes = (0..).zip(PICTURE_SIZES);
        sizes
            .map(|(size, (width, height))| Self {
                width: Some(width),
                height: Some(height),
                ..Self::named(world, bot, file, size)
            })
            .collect()
    }
}
