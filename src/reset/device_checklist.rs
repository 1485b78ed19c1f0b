//! Device checklist: what the person has to do after the password changed, on the laptop, the phone and the Wi-Fi.
//!
//! One pure function returns the applicable steps, for the person's page and the helpdesk. A hybrid-joined computer
//! accepts a new password only with a connection to a domain controller. An Entra-joined computer accepts it
//! automatically. A phone that keeps trying the old password locks the account (Microsoft's page howto-sspr-windows,
//! read 2026-08).

use jiff::Timestamp;

use super::state::ResetState;
use crate::entra::{DeviceTrust, GraphDevice};

/// Returns whether a reset in this state has a checklist, because the password has changed.
pub(super) fn has_checklist(state: ResetState) -> bool {
    matches!(state, ResetState::Written | ResetState::Finished | ResetState::Split)
}

/// Kinds of devices of a person that decide the applicable steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each flag is an independent fact")]
pub(super) struct DeviceKinds {
    /// Joined to AD and Entra.
    pub(super) hybrid_joined: bool,
    /// Joined to Entra only.
    pub(super) entra_joined: bool,
    pub(super) phone: bool,
    /// The devices could not be read, so everything may apply.
    pub(super) unknown: bool,
}

impl DeviceKinds {
    pub(super) const UNKNOWN: Self = Self { hybrid_joined: false, entra_joined: false, phone: false, unknown: true };

    /// Builds the kinds from the person's devices.
    pub(super) fn from_devices(all: &[GraphDevice]) -> Self {
        let mut found = Self::default();
        for device in all {
            let phone = device.is_mobile();
            found.phone |= phone;
            found.hybrid_joined |= !phone && device.trust == Some(DeviceTrust::ServerAd);
            found.entra_joined |= !phone && device.trust == Some(DeviceTrust::AzureAd);
        }
        found
    }

    /// Returns the stored text: the names of the kinds, separated by commas.
    pub(super) fn to_names(self) -> String {
        let kinds = [
            (self.hybrid_joined, "hybrid"),
            (self.entra_joined, "entra"),
            (self.phone, "phone"),
            (self.unknown, "unknown"),
        ];
        kinds.into_iter().filter(|(has, _)| *has).map(|(_, name)| name).collect::<Vec<_>>().join(",")
    }

    pub(super) fn from_names(name: &str) -> Self {
        let has = |kind| name.split(',').any(|part| part == kind);
        Self { hybrid_joined: has("hybrid"), entra_joined: has("entra"), phone: has("phone"), unknown: has("unknown") }
    }
}

/// Answer to "can you get into your laptop now?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LaptopAnswer {
    SignedIn,
    LockedOut,
}

impl LaptopAnswer {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::SignedIn => "inside",
            Self::LockedOut => "outside",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::SignedIn, Self::LockedOut].into_iter().find(|answer| answer.as_str() == name)
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

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::PhoneFirst => "phone-first",
            Self::Phone => "phone",
            Self::GetIn => "get-in",
            Self::LockUnlock => "lock-unlock",
            Self::Wifi => "wifi",
        }
    }

    pub(super) fn from_name(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == code)
    }
}

/// Whether the person has done a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StepStatus {
    Done,
    Open,
}

/// Device checklist of one reset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DeviceChecklist {
    /// The account was locked when the reset was started.
    pub(super) was_locked: bool,
    /// Kinds of devices, or `None` if they were not read yet.
    pub(super) devices: Option<DeviceKinds>,
    pub(super) laptop_answer: Option<LaptopAnswer>,
    pub(super) completed_steps: Vec<(ChecklistStep, Timestamp)>,
    pub(super) signed_out_at: Option<Timestamp>,
}

impl DeviceChecklist {
    fn device_kinds(&self) -> DeviceKinds {
        self.devices.unwrap_or(DeviceKinds::UNKNOWN)
    }

    /// Returns whether the question about the laptop applies: only a computer that needs a domain controller can lock
    /// its owner out.
    pub(super) fn needs_laptop_answer(&self) -> bool {
        self.device_kinds().hybrid_joined || self.device_kinds().unknown
    }

    /// Returns whether the laptop accepts the new password automatically.
    pub(super) fn is_laptop_updated_automatically(&self) -> bool {
        self.device_kinds().entra_joined && !self.needs_laptop_answer()
    }

    /// Returns the applicable steps in the recommended order.
    pub(super) fn applicable_steps(&self) -> Vec<ChecklistStep> {
        let laptop = self.laptop_answer.filter(|_| self.needs_laptop_answer()).map(|answer| match answer {
            LaptopAnswer::SignedIn => ChecklistStep::LockUnlock,
            LaptopAnswer::LockedOut => ChecklistStep::GetIn,
        });
        let has_phone = self.device_kinds().phone || self.device_kinds().unknown;
        let phone = match (self.was_locked, has_phone) {
            (true, _) => Some(ChecklistStep::PhoneFirst),
            (false, true) => Some(ChecklistStep::Phone),
            (false, false) => None,
        };
        let ordered = if self.was_locked { [phone, laptop] } else { [laptop, phone] };
        ordered.into_iter().flatten().chain([ChecklistStep::Wifi]).collect()
    }

    pub(super) fn completed_at(&self, step: ChecklistStep) -> Option<Timestamp> {
        self.completed_steps.iter().find(|(ticked, _)| *ticked == step).map(|(_, at)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample_checklist(devices: DeviceKinds, laptop: Option<LaptopAnswer>) -> DeviceChecklist {
        DeviceChecklist { devices: Some(devices), laptop_answer: laptop, ..DeviceChecklist::default() }
    }

    fn registered_device(system: &str, trust: &str) -> GraphDevice {
        serde_json::from_value(serde_json::json!({ "operatingSystem": system, "trustType": trust })).unwrap()
    }

    #[test]
    fn checklist_shows_only_applicable_steps() {
        let all = [registered_device("Windows", "ServerAd"), registered_device("iOS", "Workplace")];
        let devices = DeviceKinds::from_devices(&all);
        assert_eq!(
            sample_checklist(devices, None).applicable_steps(),
            [ChecklistStep::Phone, ChecklistStep::Wifi],
            "the laptop question comes first"
        );
        assert!(sample_checklist(devices, None).needs_laptop_answer());
        assert_eq!(
            sample_checklist(devices, Some(LaptopAnswer::SignedIn)).applicable_steps(),
            [ChecklistStep::LockUnlock, ChecklistStep::Phone, ChecklistStep::Wifi]
        );
        assert_eq!(
            sample_checklist(devices, Some(LaptopAnswer::LockedOut)).applicable_steps(),
            [ChecklistStep::GetIn, ChecklistStep::Phone, ChecklistStep::Wifi]
        );
        let entra = DeviceKinds::from_devices(&[registered_device("Windows", "AzureAd")]);
        assert_eq!(
            sample_checklist(entra, Some(LaptopAnswer::LockedOut)).applicable_steps(),
            [ChecklistStep::Wifi],
            "an answer that no longer applies is ignored"
        );
        assert!(
            sample_checklist(entra, None).is_laptop_updated_automatically()
                && !sample_checklist(entra, None).needs_laptop_answer()
        );
        let unknown = sample_checklist(DeviceKinds::UNKNOWN, Some(LaptopAnswer::LockedOut));
        assert_eq!(
            unknown.applicable_steps(),
            [ChecklistStep::GetIn, ChecklistStep::Phone, ChecklistStep::Wifi],
            "unknown devices show every step"
        );
    }

    #[test]
    fn locked_account_puts_phone_step_first() {
        let hybrid = DeviceKinds::from_devices(&[registered_device("Windows", "ServerAd")]);
        let locked = DeviceChecklist { was_locked: true, ..sample_checklist(hybrid, Some(LaptopAnswer::SignedIn)) };
        assert_eq!(
            locked.applicable_steps(),
            [ChecklistStep::PhoneFirst, ChecklistStep::LockUnlock, ChecklistStep::Wifi]
        );
    }

    #[test]
    fn stored_names_parse_back() {
        for devices in [
            DeviceKinds::UNKNOWN,
            DeviceKinds::default(),
            DeviceKinds { hybrid_joined: true, phone: true, ..DeviceKinds::default() },
        ] {
            assert_eq!(DeviceKinds::from_names(&devices.to_names()), devices);
        }
        for step in ChecklistStep::ALL {
            assert_eq!(ChecklistStep::from_name(step.as_str()), Some(step));
            for part in ["title", "text"] {
                let key = format!("care-{}-{part}", step.as_str());
                assert!(crate::web::Lang::english().has_message(&key), "{key}");
            }
        }
        assert_eq!(LaptopAnswer::from_name("neither"), None);
    }
}
