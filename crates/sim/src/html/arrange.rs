//! Puts parsed text in order: cleans characters, trims, adds what the server detects, and makes
//! entities nest. The result is canonical: written back and parsed again it stays as it is.

use super::detect::detect;
use super::entity::{Class, Entity, EntityKind, FormattedText, utf16_len};

type Range = (u32, u32);

/// Puts a text in order. The entities may overlap and go beyond the text.
pub(crate) fn arrange(raw: FormattedText) -> FormattedText {
    let FormattedText { text, mut entities } = clean(raw);
    let text = trim_end(text, &mut entities);
    entities.sort_by_key(Entity::order);

    let (quotes, mut fixed) = unsplittable(&entities);
    let detected = detect(&text, &fixed);
    fixed.extend(detected.into_iter().filter(|e| respects(e, &quotes)));
    fixed.sort_by_key(Entity::order);

    let styles = styles(&entities, &quotes, &fixed);
    let mut entities = quotes;
    entities.append(&mut fixed);
    entities.extend(styles);
    entities.sort_by_key(Entity::order);
    trim_start(text, entities)
}

/// Removes and replaces characters that Telegram does not keep.
fn clean(raw: FormattedText) -> FormattedText {
    let FormattedText { text, mut entities } = raw;
    let is_control = |c: char| c < ' ' && c != '\n';
    if !text.chars().any(|c| is_control(c) || is_removed(c)) {
        let end = utf16_len(&text) as u32;
        clip(&mut entities, end);
        return FormattedText { text, entities };
    }
    // For each UTF-16 position of the old text, its position in the new one.
    let mut moved = Vec::with_capacity(text.len() + 1);
    let mut cleaned = String::with_capacity(text.len());
    let mut at = 0;
    for c in text.chars() {
        moved.extend(std::iter::repeat_n(at, c.len_utf16()));
        if !is_removed(c) {
            cleaned.push(if is_control(c) { ' ' } else { c });
            at += c.len_utf16() as u32;
        }
    }
    let place = |old: u32| moved.get(old as usize).copied().unwrap_or(at);
    for entity in &mut entities {
        let (begin, end) = (
            place(entity.offset),
            place(entity.offset.saturating_add(entity.length)),
        );
        (entity.offset, entity.length) = (begin, end - begin);
    }
    entities.retain(|e| e.length > 0);
    FormattedText {
        text: cleaned,
        entities,
    }
}

fn is_removed(c: char) -> bool {
    matches!(
        c,
        '\r' | '\u{2028}'..='\u{202E}' | '\u{333}' | '\u{33F}' | '\u{34A}'
    )
}

fn is_trimmed(c: char) -> bool {
    c == ' ' || c == '\n'
}

fn trim_end(mut text: String, entities: &mut Vec<Entity>) -> String {
    text.truncate(text.trim_end_matches(is_trimmed).len());
    clip(entities, utf16_len(&text) as u32);
    text
}

fn clip(entities: &mut Vec<Entity>, end: u32) {
    for entity in &mut *entities {
        entity.offset = entity.offset.min(end);
        entity.length = entity.length.min(end - entity.offset);
    }
    entities.retain(|e| e.length > 0);
}

/// Leading spaces go, up to the first entity.
fn trim_start(mut text: String, mut entities: Vec<Entity>) -> FormattedText {
    let limit = entities.first().map_or(usize::MAX, |e| e.offset as usize);
    let spaces = text
        .bytes()
        .take_while(|b| is_trimmed(char::from(*b)))
        .count()
        .min(limit);
    text.drain(..spaces);
    for entity in &mut entities {
        entity.offset -= spaces as u32;
    }
    FormattedText { text, entities }
}

/// The quotes, and the entities that cannot be split: of those that overlap, the outer stays.
fn unsplittable(sorted: &[Entity]) -> (Vec<Entity>, Vec<Entity>) {
    let apart = |kept: &mut Vec<Entity>, entity: &Entity| {
        if kept.last().is_none_or(|last| last.end() <= entity.offset) {
            kept.push(entity.clone());
        }
    };
    let mut quotes = Vec::new();
    for entity in sorted.iter().filter(|e| e.kind.class() == Class::Quote) {
        apart(&mut quotes, entity);
    }
    let mut fixed = Vec::new();
    for entity in sorted
        .iter()
        .filter(|e| matches!(e.kind.class(), Class::Bare | Class::Solid))
    {
        if respects(entity, &quotes) {
            apart(&mut fixed, entity);
        }
    }
    (quotes, fixed)
}

/// Wholly inside one quote or wholly outside all.
fn respects(entity: &Entity, quotes: &[Entity]) -> bool {
    quotes
        .iter()
        .filter(|q| overlap(q.range(), entity.range()))
        .all(|q| contains(q.range(), entity.range()))
}

fn overlap(a: Range, b: Range) -> bool {
    a.0 < b.1 && b.0 < a.1
}

fn contains(outer: Range, inner: Range) -> bool {
    outer.0 <= inner.0 && inner.1 <= outer.1
}

/// Bold, italic and so on: equal ones merged, kept out of bare entities, cut where they would
/// cross another entity.
fn styles(entities: &[Entity], quotes: &[Entity], fixed: &[Entity]) -> Vec<Entity> {
    let bare: Vec<Range> = fixed
        .iter()
        .filter(|e| e.kind.class() == Class::Bare)
        .map(Entity::range)
        .collect();
    let mut walls: Vec<Range> = quotes.iter().chain(fixed).map(Entity::range).collect();
    let mut styles = Vec::new();
    for kind in [
        EntityKind::Bold,
        EntityKind::Italic,
        EntityKind::Underline,
        EntityKind::Strikethrough,
        EntityKind::Spoiler,
    ] {
        let ranges = union(entities.iter().filter(|e| e.kind == kind).map(Entity::range));
        let pieces: Vec<Range> = ranges
            .into_iter()
            .flat_map(|range| without(range, &bare))
            .flat_map(|range| cut(range, &walls))
            .collect();
        styles.extend(
            pieces
                .iter()
                .map(|(begin, end)| Entity::new(*begin, end - begin, kind.clone())),
        );
        walls.extend(pieces);
    }
    styles
}

/// Joins ranges, sorted by their beginning, that overlap or touch.
fn union(ranges: impl Iterator<Item = Range>) -> Vec<Range> {
    let mut joined: Vec<Range> = Vec::new();
    for (begin, end) in ranges {
        match joined.last_mut() {
            Some(last) if begin <= last.1 => last.1 = last.1.max(end),
            _ => joined.push((begin, end)),
        }
    }
    joined
}

/// What is left of a range outside the holes, which are sorted and apart.
fn without(range: Range, holes: &[Range]) -> Vec<Range> {
    let (mut begin, end) = range;
    let mut rest = Vec::new();
    for hole in holes.iter().filter(|hole| overlap(**hole, range)) {
        if begin < hole.0 {
            rest.push((begin, hole.0));
        }
        begin = hole.1;
    }
    if begin < end {
        rest.push((begin, end));
    }
    rest
}

/// Cuts a range at the edges of the walls that it would cross. Walls nest or are apart.
fn cut(range: Range, walls: &[Range]) -> Vec<Range> {
    let (begin, end) = range;
    let mut edges: Vec<u32> = walls
        .iter()
        .filter(|wall| overlap(**wall, range) && !contains(**wall, range) && !contains(range, **wall))
        .map(|wall| if wall.0 > begin { wall.0 } else { wall.1 })
        .collect();
    edges.extend([begin, end]);
    edges.sort_unstable();
    edges.dedup();
    edges.windows(2).map(|edge| (edge[0], edge[1])).collect()
}
