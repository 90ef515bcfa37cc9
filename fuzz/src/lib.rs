//! What the fuzz targets run on any bytes, and what must hold then.
//!
//! `crates/bot/tests/hostile.rs` runs the same functions with the usual suite, on stable.

use store::DatabaseUrl;
use telegram::ApiUrl;
use telegram::update::{Envelope, Update, decode};

/// An update as it may come from anywhere: it is stored as what it is, or refused.
pub fn update(bytes: &[u8]) {
    let Ok(json) = str::from_utf8(bytes) else {
        return;
    };
    let decoded = decode(json);
    let Ok(envelope) = Envelope::of(json) else {
        return;
    };
    assert_eq!(envelope.json, json, "nothing is lost");
    assert!(
        envelope.kind.len() <= 40 && envelope.kind.is_ascii() && !envelope.kind.contains('\0'),
        "every database can store the kind"
    );
    let kind = match decoded {
        Ok(Update::Message(message)) => {
            let about = message.from.map_or(message.chat.id.0, |from| from.id.0);
            assert_eq!(
                envelope.person, about,
                "intake and decoding agree on whom it is about"
            );
            "message"
        }
        Ok(Update::CallbackQuery(query)) => {
            assert_eq!(envelope.person, query.from.id.0);
            "callback_query"
        }
        Ok(Update::MyChatMember(change)) => {
            assert_eq!(envelope.person, change.chat.id.0);
            "my_chat_member"
        }
        Ok(Update::ChatMember(change)) => {
            assert_eq!(envelope.person, change.who.id.0);
            "chat_member"
        }
        Ok(Update::ChatJoinRequest(request)) => {
            assert_eq!(envelope.person, request.from.id.0);
            "chat_join_request"
        }
        Ok(Update::Other) | Err(_) => return,
    };
    assert_eq!(envelope.kind, kind, "intake and decoding see the same kind");
}

/// An address as an operator may write it.
pub fn url(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    if let Ok(url) = text.parse::<DatabaseUrl>() {
        let _ = (url.to_string(), url.database_name(), url.path());
    }
    if let Ok(url) = ApiUrl::parse(text) {
        let shown = url.to_string();
        let again = ApiUrl::parse(&shown).expect("what is shown can be written");
        assert_eq!(again.to_string(), shown);
        assert!(!shown.contains(['?', '#']), "nothing stands behind the path");
        let authority = shown.split('/').nth(2).unwrap_or_default();
        assert!(!authority.contains('@'), "no credentials");
    }
}
