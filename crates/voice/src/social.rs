//! Profiles on social networks, as a custodian writes them down.

use url::Url;

use crate::keys::LabelId;
use crate::render::Voice;
use crate::screen::Button;
use crate::values::UserText;

/// A social network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Network {
    /// instagram.com
    Instagram,
    /// tiktok.com
    TikTok,
    /// x.com, formerly twitter.com
    X,
}

/// Somebody's profile on a network.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SocialProfile {
    network: Network,
    handle: String,
}

impl Network {
    /// Every network, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Instagram, Self::TikTok, Self::X];

    /// The hosts that its profiles have, the present one first.
    const fn hosts(self) -> &'static [&'static str] {
        match self {
            Self::Instagram => &["instagram.com"],
            Self::TikTok => &["tiktok.com"],
            Self::X => &["x.com", "twitter.com"],
        }
    }

    const fn label(self) -> LabelId {
        match self {
            Self::Instagram => LabelId::Instagram,
            Self::TikTok => LabelId::TikTok,
            Self::X => LabelId::X,
        }
    }
}

impl SocialProfile {
    /// No network allows longer handles.
    const MAX_CHARS: usize = 64;

    /// A profile from what a custodian wrote: a handle with or without `@`, or the address of
    /// the profile. None when it is neither.
    #[must_use]
    pub fn new(network: Network, written: &str) -> Option<Self> {
        let written = written.trim();
        let written = written
            .strip_prefix("https://")
            .or_else(|| written.strip_prefix("http://"))
            .unwrap_or(written);
        let written = match written.split_once('/') {
            Some((host, path)) if is_host_of(network, host) => {
                path.split(['/', '?', '#']).next().unwrap_or_default()
            }
            _ => written,
        };
        let handle = written.strip_prefix('@').unwrap_or(written);
        let good = (1..=Self::MAX_CHARS).contains(&handle.len())
            && handle
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_'))
            && !handle.chars().all(|c| c == '.')
            && !is_host_of(network, handle);
        good.then(|| Self {
            network,
            handle: handle.to_owned(),
        })
    }

    /// The address of the profile.
    #[must_use]
    pub fn url(&self) -> Url {
        let host = self.network.hosts()[0];
        let at = if self.network == Network::TikTok { "@" } else { "" };
        Url::parse(&format!("https://{host}/{at}{}", self.handle))
            .expect("a host and letters, digits, dots and underscores")
    }

    /// A button that opens the profile.
    #[must_use]
    pub fn button<A>(&self, voice: &Voice) -> Button<A> {
        let handle = UserText::new(&format!("@{}", self.handle));
        Button::url(voice.label(self.network.label()).with(&handle), self.url())
    }
}

fn is_host_of(network: Network, host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let bare = ["www.", "m.", "mobile."]
        .into_iter()
        .find_map(|prefix| host.strip_prefix(prefix))
        .unwrap_or(&host);
    network.hosts().contains(&bare)
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;
    use proptest::prelude::*;

    use super::*;
    use crate::{Choice, Press};

    fn url(network: Network, written: &str) -> Option<String> {
        SocialProfile::new(network, written).map(|profile| profile.url().to_string())
    }

    #[test]
    fn every_spelling_leads_to_the_same_profile() {
        for written in [
            "diana.casa",
            " @diana.casa ",
            "https://www.instagram.com/diana.casa/?hl=es",
            "http://instagram.com/diana.casa#top",
            "instagram.com/@diana.casa",
            "M.Instagram.com/diana.casa",
        ] {
            let expected = Some("https://instagram.com/diana.casa".to_owned());
            assert_eq!(url(Network::Instagram, written), expected, "{written}");
        }
        let tiktok = url(Network::TikTok, "https://www.tiktok.com/@diana?lang=es");
        assert_eq!(tiktok.as_deref(), Some("https://tiktok.com/@diana"));
        let x = url(Network::X, "https://twitter.com/diana/status/1");
        assert_eq!(x.as_deref(), Some("https://x.com/diana"));
    }

    #[test]
    fn what_is_no_handle_is_left_out() {
        for written in [
            "",
            "  ",
            "@",
            "..",
            "instagram.com",
            "https://instagram.com/",
            "https://example.com/diana",
            "dos palabras",
            "<b>",
            "diana?x=1",
        ] {
            assert_eq!(url(Network::Instagram, written), None, "{written}");
        }
        assert_eq!(url(Network::X, &"a".repeat(65)), None);
    }

    #[test]
    fn buttons_show_the_handle() {
        let voice = Voice::builtin(Tz::UTC, Choice::seeded(1));
        let profile = SocialProfile::new(Network::TikTok, "@diana").unwrap();
        let button: Button<()> = profile.button(&voice);
        assert_eq!(button.label.as_str(), "🎵 @diana");
        assert_eq!(button.press, Press::Url(profile.url()));
    }

    proptest! {
        #[test]
        fn any_text_is_a_profile_on_its_own_host_or_none(text in "\\PC{0,80}", network in 0usize..3) {
            let network = Network::ALL[network];
            if let Some(profile) = SocialProfile::new(network, &text) {
                let url = profile.url();
                prop_assert_eq!(url.host_str(), Some(network.hosts()[0]));
                prop_assert!(url.query().is_none() && url.fragment().is_none());
            }
        }
    }
}
