//! Device checklist: what the person has to do after the password changed, on the laptop, the phone and the Wi-Fi.
//!
//! One pure function returns the applicable steps, for the person's page and the helpdesk. A hybrid-joined computer
//! accepts a new password only with a connection to a domain controller. An Entra-joined computer accepts it
//! automatically. A phone that keeps trying the old password locks the account (Microsoft's page howto-sspr-windows,
//! read 2026-08).

pub(super) mod page;

use jiff::Timestamp;

/// Kinds of devices of a person that decide the applicable steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each flag is an independent fact")]
pub(super) struct DeviceKinds {
    /// Joined to AD and Entra.
    pub(super) hybrid: bool,
    /// Joined to Entra only.
    pub(super) entra: bool,
    pub(super) phone: bool,
    /// The devices could not be read, so everything may apply.
    pub(super) unknown: bool,
}

impl DeviceKinds {
    pub(super) const UNKNOWN: Self = Self { hybrid: false, entra: false, phone: false, unknown: true };

    /// Builds the kinds from Graph's operating system and trust type of each device.
    pub(super) fn of<'a>(all: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut found = Self::default();
        for (system, trust) in all {
            let system = system.to_lowercase();
            let phone = ["ios", "ipados", "iphone", "ipad", "android"].iter().any(|name| system.starts_with(name));
            found.phone |= phone;
            found.hybrid |= !phone && trust.eq_ignore_ascii_case("ServerAd");
            found.entra |= !phone && trust.eq_ignore_ascii_case("AzureAd");
        }
        found
    }

    /// Returns the stored text: the names of the kinds, separated by commas.
    pub(super) fn name(self) -> String {
        let kinds = [(self.hybrid, "hybrid"), (self.entra, "entra"), (self.phone, "phone"), (self.unknown, "unknown")];
        kinds.into_iter().filter(|(has, _)| *has).map(|(_, name)| name).collect::<Vec<_>>().join(",")
    }

    pub(super) fn read(name: &str) -> Self {
        let has = |kind| name.split(',').any(|part| part == kind);
        Self { hybrid: has("hybrid"), entra: has("entra"), phone: has("phone"), unknown: has("unknown") }
    }
}

/// Answer to "can you get into your laptop now?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LaptopAnswer {
    Inside,
    Outside,
}

impl LaptopAnswer {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Inside => "inside",
            Self::Outside => "outside",
        }
    }

    pub(super) fn read(name: &str) -> Option<Self> {
        [Self::Inside, Self::Outside].into_iter().find(|answer| answer.name() == name)
    }
}

/// One step of the checklist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChecklistStep {
    /// Removes the old password from the phone before anything else, because the phone would lock the account again.
    PhoneFirst,
    Phone,
    /// Signs in to a hybrid-joined laptop that the person is locked out of.
    GetIn,
    /// Updates a hybrid-joined laptop that the person is signed in to: VPN, lock, unlock.
    LockUnlock,
    Wifi,
}

impl ChecklistStep {
    pub(super) const ALL: [Self; 5] = [Self::PhoneFirst, Self::Phone, Self::GetIn, Self::LockUnlock, Self::Wifi];

    pub(super) fn code(self) -> &'static str {
        match self {
            Self::PhoneFirst => "phone-first",
            Self::Phone => "phone",
            Self::GetIn => "get-in",
            Self::LockUnlock => "lock-unlock",
            Self::Wifi => "wifi",
        }
    }

    pub(super) fn read(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.code() == code)
    }
}

/// Device checklist of one reset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DeviceChecklist {
    /// The account was locked when the reset was started.
    pub(super) was_locked: bool,
    /// Kinds of devices, or `None` if they were not read yet.
    pub(super) devices: Option<DeviceKinds>,
    pub(super) laptop: Option<LaptopAnswer>,
    pub(super) ticks: Vec<(ChecklistStep, Timestamp)>,
    pub(super) signed_out_at: Option<Timestamp>,
}

impl DeviceChecklist {
    fn devices(&self) -> DeviceKinds {
        self.devices.unwrap_or(DeviceKinds::UNKNOWN)
    }

    /// Returns whether the question about the laptop applies: only a computer that needs a domain controller can lock
    /// its owner out.
    pub(super) fn asks(&self) -> bool {
        self.devices().hybrid || self.devices().unknown
    }

    /// Returns whether the laptop accepts the new password automatically.
    pub(super) fn laptop_by_itself(&self) -> bool {
        self.devices().entra && !self.asks()
    }

    /// Returns the applicable steps in the recommended order.
    pub(super) fn steps(&self) -> Vec<ChecklistStep> {
        let laptop = self.laptop.filter(|_| self.asks()).map(|answer| match answer {
            LaptopAnswer::Inside => ChecklistStep::LockUnlock,
            LaptopAnswer::Outside => ChecklistStep::GetIn,
        });
        let has_phone = self.devices().phone || self.devices().unknown;
        let phone = match (self.was_locked, has_phone) {
            (true, _) => Some(ChecklistStep::PhoneFirst),
            (false, true) => Some(ChecklistStep::Phone),
            (false, false) => None,
        };
        let ordered = if self.was_locked { [phone, laptop] } else { [laptop, phone] };
        ordered.into_iter().flatten().chain([ChecklistStep::Wifi]).collect()
    }

    pub(super) fn done(&self, step: ChecklistStep) -> Option<Timestamp> {
        self.ticks.iter().find(|(ticked, _)| *ticked == step).map(|(_, at)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn care(devices: DeviceKinds, laptop: Option<LaptopAnswer>) -> DeviceChecklist {
        DeviceChecklist { devices: Some(devices), laptop, ..DeviceChecklist::default() }
    }

    #[test]
    fn only_the_steps_that_fit_are_shown() {
        let all = [("Windows", "ServerAd"), ("iOS", "Workplace")];
        let devices = DeviceKinds::of(all.into_iter());
        assert_eq!(
            care(devices, None).steps(),
            [ChecklistStep::Phone, ChecklistStep::Wifi],
            "the laptop question comes first"
        );
        assert!(care(devices, None).asks());
        assert_eq!(
            care(devices, Some(LaptopAnswer::Inside)).steps(),
            [ChecklistStep::LockUnlock, ChecklistStep::Phone, ChecklistStep::Wifi]
        );
        assert_eq!(
            care(devices, Some(LaptopAnswer::Outside)).steps(),
            [ChecklistStep::GetIn, ChecklistStep::Phone, ChecklistStep::Wifi]
        );
        let entra = DeviceKinds::of([("Windows", "AzureAd")].into_iter());
        assert_eq!(
            care(entra, Some(LaptopAnswer::Outside)).steps(),
            [ChecklistStep::Wifi],
            "an answer that no longer applies is ignored"
        );
        assert!(care(entra, None).laptop_by_itself() && !care(entra, None).asks());
        let unknown = care(DeviceKinds::UNKNOWN, Some(LaptopAnswer::Outside));
        assert_eq!(
            unknown.steps(),
            [ChecklistStep::GetIn, ChecklistStep::Phone, ChecklistStep::Wifi],
            "unknown devices show every step"
        );
    }

    #[test]
    fn after_a_lock_the_phone_comes_first_even_if_none_is_registered() {
        let hybrid = DeviceKinds::of([("Windows", "ServerAd")].into_iter());
        let locked = DeviceChecklist { was_locked: true, ..care(hybrid, Some(LaptopAnswer::Inside)) };
        assert_eq!(locked.steps(), [ChecklistStep::PhoneFirst, ChecklistStep::LockUnlock, ChecklistStep::Wifi]);
    }

    #[test]
    fn kinds_and_codes_read_back() {
        for devices in [
            DeviceKinds::UNKNOWN,
            DeviceKinds::default(),
            DeviceKinds { hybrid: true, phone: true, ..DeviceKinds::default() },
        ] {
            assert_eq!(DeviceKinds::read(&devices.name()), devices);
        }
        for step in ChecklistStep::ALL {
            assert_eq!(ChecklistStep::read(step.code()), Some(step));
            for part in ["title", "text"] {
                let key = format!("care-{}-{part}", step.code());
                assert!(crate::web::Lang::english().knows(&key), "{key}");
            }
        }
        assert_eq!(LaptopAnswer::read("neither"), None);
    }
}
