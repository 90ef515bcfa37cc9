//! The names of labels, toasts and commands. The catalogue must have exactly these.

use domain::notice::Notice;

use crate::catalogue::Audience;

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
        /// Leaves a dialogue.
        Cancel = "cancel",
        /// Does what was announced.
        Confirm = "confirm",
        /// Tries again what was refused.
        Retry = "retry",
        /// Opens the members' channel, or asks for the link that does.
        Enter = "enter",
        /// Says that one is in the members' channel.
        Inside = "inside",
        /// Below the second text of the ritual.
        RitualAccept = "ritual_accept",
        /// Below the first text of the ritual.
        RitualListen = "ritual_listen",
        /// To the present step of the ritual.
        RitualResume = "ritual_resume",
        /// Opens the visitors' channel.
        EnterFree = "enter_free",
        /// Starts the bot, so that it may tell when somebody was let in.
        NotifyMe = "notify_me",
        /// Leads to the creator in person.
        Contact = "contact",
        /// Says that one wants to renew.
        Wish = "wish",
        /// Grants the days of a plan to who wants to renew.
        WishGrant = "wish_grant",
        /// Issues an invitation for who wants to renew.
        WishInvite = "wish_invite",
        /// To the next page.
        PageNext = "page_next",
        /// To the previous page.
        PagePrevious = "page_previous",
        /// Begins a button that takes somebody off the list of departures.
        Spare = "spare",
        /// Confirms the list of departures.
        SweepConfirm = "sweep_confirm",
        /// Shows the list of departures.
        SweepList = "sweep_list",
        /// Lets nobody be seen out for now.
        SweepPause = "sweep_pause",
        /// Lets people be seen out again.
        SweepResume = "sweep_resume",
        /// Leaves a removed member outside.
        LeaveOut = "leave_out",
        /// Lets somebody uninvited stay.
        LetStay = "let_stay",
        /// Lets a removed member in again.
        Readmit = "readmit",
        /// Removes somebody uninvited.
        SeeOut = "see_out",
        /// To the set-up of a channel in place of the present one.
        ChannelChange = "channel_change",
        /// To the set-up of a channel.
        ChannelSetup = "channel_setup",
        /// To one more invitation.
        InviteAnother = "invite_another",
        /// Copies the link of an invitation.
        InviteCopy = "invite_copy",
        /// To the custodian's panel.
        Panel = "panel",
        /// To the invitations that wait for consent.
        HeldInvitations = "held_invitations",
        /// Consents to all invitations that wait.
        ReleaseAll = "release_all",
        /// Begins a button that consents to an invitation.
        Release = "release",
        /// To the visitors' channel in the panel.
        PanelFree = "panel_free",
        /// To the issue of an invitation.
        PanelInvite = "panel_invite",
        /// To the switches of notices.
        PanelNotices = "panel_notices",
        /// To the plans.
        PanelPlans = "panel_plans",
        /// To the departures.
        PanelSweep = "panel_sweep",
        /// To the members' channel in the panel.
        PanelVip = "panel_vip",
        /// To the creation of a plan.
        PlanNew = "plan_new",
        /// Begins a button that chooses a plan.
        Plan = "plan",
        /// Begins the switch of a notice that is off.
        NoticeOff = "notice_off",
        /// Begins the switch of a notice that is on.
        NoticeOn = "notice_on",
        /// Switches the daily summary, which is off: single notices are told.
        SummaryOff = "summary_off",
        /// Switches the daily summary, which is on.
        SummaryOn = "summary_on",
        /// Names [`Notice::Entered`].
        NoticeEntered = "notice_entered",
        /// Names [`Notice::Redeemed`].
        NoticeRedeemed = "notice_redeemed",
        /// Names [`Notice::Renewed`].
        NoticeRenewed = "notice_renewed",
        /// Names [`Notice::RightsLost`].
        NoticeRightsLost = "notice_rights_lost",
        /// Names [`Notice::StrangerAtTheDoor`].
        NoticeStranger = "notice_stranger",
    }
}

keys! {
    /// A text over the screen after a tap (`toasts.toml`).
    ToastId {
        /// A room that is not open to this person.
        MembersOnly = "members_only",
        /// A button that has no meaning any more.
        StaleButton = "stale_button",
        /// What the button does was done before.
        AlreadyDone = "already_done",
        /// No hand is free; nothing was done.
        Busy = "busy",
        /// A dialogue was left.
        Cancelled = "cancelled",
        /// A room of the custodians.
        CustodiansOnly = "custodians_only",
        /// A button of a dialogue that is over.
        DialogueOver = "dialogue_over",
        /// The personal link is being made.
        KeyPreparing = "key_preparing",
        /// A button of another step of the ritual.
        OneStepAtATime = "one_step_at_a_time",
        /// A wish to renew was passed on.
        WishNoted = "wish_noted",
        /// It was passed on before.
        WishRepeated = "wish_repeated",
        /// The membership has another end date than the message says.
        WishPast = "wish_past",
        /// Nothing is confirmed while the clocks differ.
        ClocksDiffer = "clocks_differ",
        /// Days were granted.
        DaysGranted = "days_granted",
        /// The membership has another end date than the notice says.
        GrantPast = "grant_past",
        /// An invitation was issued.
        InvitationIssued = "invitation_issued",
        /// Invitations do not wait for consent any more.
        Released = "released",
        /// A removed member stays outside.
        LeftOut = "left_out",
        /// Somebody uninvited stays.
        LetStay = "let_stay",
        /// A notice is off from now on.
        NoticeOff = "notice_off",
        /// A notice is on from now on.
        NoticeOn = "notice_on",
        /// Nobody is on the list of departures any more.
        NothingToConfirm = "nothing_to_confirm",
        /// A plan was created.
        PlanCreated = "plan_created",
        /// The chosen plan is not on offer any more.
        PlanGone = "plan_gone",
        /// A removed member is let in again.
        Readmitted = "readmitted",
        /// Somebody uninvited is removed.
        SeenOut = "seen_out",
        /// Somebody was taken off the list of departures.
        Spared = "spared",
        /// Single notices from now on.
        SummaryOff = "summary_off",
        /// The daily summary from now on.
        SummaryOn = "summary_on",
        /// The list of departures was confirmed.
        SweepConfirmed = "sweep_confirmed",
        /// Nobody is seen out for now.
        SweepPaused = "sweep_paused",
        /// People are seen out again.
        SweepResumed = "sweep_resumed",
        /// No invitations before the members' channel is set up.
        VipChannelFirst = "vip_channel_first",
    }
}

keys! {
    /// A command (`commands.toml`). The key is the command itself.
    CommandId {
        /// Opens the home screen.
        Start = "start",
        /// Says what Lucien does.
        Help = "help",
        /// Says the person's Telegram id.
        Id = "id",
        /// Says what the house keeps of a person.
        Privacy = "privacy",
        /// Leaves a dialogue.
        Cancel = "cancel",
        /// Opens the custodian's panel.
        Admin = "admin",
    }
}

impl LabelId {
    /// The name of a notice, see [`Voice::switch`](crate::Voice::switch).
    #[must_use]
    pub const fn of_notice(notice: Notice) -> Self {
        match notice {
            Notice::Entered => Self::NoticeEntered,
            Notice::Redeemed => Self::NoticeRedeemed,
            Notice::Renewed => Self::NoticeRenewed,
            Notice::RightsLost => Self::NoticeRightsLost,
            Notice::StrangerAtTheDoor => Self::NoticeStranger,
        }
    }
}

impl CommandId {
    /// Who is told of the command.
    #[must_use]
    pub const fn audience(self) -> Audience {
        match self {
            Self::Start | Self::Help | Self::Id | Self::Privacy => Audience::Everybody,
            Self::Cancel | Self::Admin => Audience::Custodian,
        }
    }
}
