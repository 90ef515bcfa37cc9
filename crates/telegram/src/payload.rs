//! The codec of callback buttons.

/// What a callback button carries.
///
/// The Bot API allows 1 to 64 bytes (`InlineKeyboardButton.callback_data`). A test of the
/// routing table proves that every payload fits and reads back equal.
pub trait Payload: Sized {
    /// The most bytes that a button carries.
    const MAX_BYTES: usize = 64;

    /// The bytes that go into the button.
    fn encode(&self) -> String;

    /// Reads what came back with a tap. None for everything that no button of ours carries:
    /// clients can send anything.
    fn decode(data: &str) -> Option<Self>;
}
