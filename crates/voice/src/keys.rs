//! The names of labels, toasts and commands. The catalogue must have exactly these.

/// A name in a flat file of the catalogue.
pub(crate) trait Key: Copy + 'static {
    /// Every name, in the order of the enumeration.
    const ALL: &'static [Self];

    /// The key in the file.
    fn key(self) -> &'static str;
}

macro_rules! keys {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $key:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// Every one of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The key in the catalogue.
            #[must_use]
            pub const fn key(self) -> &'static str {
                match self { $(Self::$variant => $key),+ }
            }
        }

        impl Key for $name {
            const ALL: &'static [Self] = Self::ALL;

            fn key(self) -> &'static str {
                self.key()
            }
        }
    };
}

keys! {
    /// A button's text (`labels.toml`).
    LabelId {
        /// To the previous screen.
        Back = "back",
        /// To what is open to visitors.
        FreeContent = "free_content",
        /// To the person's home screen.
        Home = "home",
        /// To the person's own membership.
        Membership = "membership",
        /// To the members' packages.
        Premium = "premium",
        /// To the social networks.
        Social = "social",
        /// To what is told about the members' channel.
        VipInfo = "vip_info",
        /// Begins a button that opens an Instagram profile.
        Instagram = "instagram",
        /// Begins a button that opens a TikTok profile.
        TikTok = "tiktok",
        /// Begins a button that opens a profile on X.
        X = "x",
    }
}

keys! {
    /// A text over the screen after a tap (`toasts.toml`).
    ToastId {
        /// A room that is not open to this person.
        MembersOnly = "members_only",
        /// A button that has no meaning any more.
        StaleButton = "stale_button",
    }
}

keys! {
    /// A command that everybody may give (`commands.toml`). The key is the command itself.
    CommandId {
        /// Opens the home screen.
        Start = "start",
        /// Says what Lucien does.
        Help = "help",
        /// Says the person's Telegram id.
        Id = "id",
    }
}
