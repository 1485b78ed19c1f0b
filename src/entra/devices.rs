//! Graph resource `device`: the devices a person has registered.

use serde::Deserialize;

use super::graph::GraphClient;
use super::graph_error::GraphError;
use super::wire_value::wire_enum;
use crate::base::ObjectId;

wire_enum! {
    /// Kind of trust between a device and the tenant (`trustType`).
    DeviceTrust, ignore_case {
        /// Joined to Active Directory and Entra (hybrid joined).
        ServerAd = "ServerAd",
        /// Joined to Entra only.
        AzureAd = "AzureAd",
        /// Registered by a person, not joined.
        Workplace = "Workplace",
    }
}

wire_enum! {
    /// Platform of a device (`operatingSystem`). Shown as it came, because the list of values is not published.
    DevicePlatform, exact {
        Windows = "Windows",
        Ios = "iOS",
        IPhone = "IPhone",
        IPad = "IPad",
        IPadOs = "iPadOS",
        Android = "Android",
        AndroidForWork = "AndroidForWork",
        AndroidEnterprise = "AndroidEnterprise",
        MacMdm = "MacMDM",
        MacOs = "macOS",
        Linux = "Linux",
    }
}

impl DevicePlatform {
    /// Returns true for a phone or tablet, by the beginning of the text in any case.
    pub(crate) fn is_mobile(&self) -> bool {
        let text = self.as_str().to_lowercase();
        ["ios", "ipados", "iphone", "ipad", "android"].iter().any(|name| text.starts_with(name))
    }
}

/// Registered device, reduced to platform and kind of trust.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct GraphDevice {
    #[serde(rename = "operatingSystem", default)]
    pub(crate) platform: Option<DevicePlatform>,
    #[serde(rename = "trustType", default)]
    pub(crate) trust: Option<DeviceTrust>,
}

impl GraphDevice {
    /// Returns true for a phone or tablet. False if Graph has no platform.
    pub(crate) fn is_mobile(&self) -> bool {
        self.platform.as_ref().is_some_and(DevicePlatform::is_mobile)
    }
}

impl GraphClient {
    /// Fetches the devices a person has registered.
    pub(crate) async fn fetch_devices(&self, id: ObjectId) -> Result<Vec<GraphDevice>, GraphError> {
        self.get_all_pages(self.url(&["users", &id.to_string(), "registeredDevices"])).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::entra::wire_value::testing::{accepts_any_case, check_wire_values};

    fn parse_device(device: Value) -> GraphDevice {
        serde_json::from_value(device).unwrap()
    }

    #[test]
    fn platform_and_trust_may_be_missing_or_unknown() {
        check_wire_values::<DeviceTrust>();
        check_wire_values::<DevicePlatform>();
        assert!(accepts_any_case::<DeviceTrust>() && !accepts_any_case::<DevicePlatform>());
        for empty in [json!({}), json!({ "operatingSystem": null, "trustType": null })] {
            let device = parse_device(empty);
            assert_eq!((device.platform.clone(), device.trust.clone(), device.is_mobile()), (None, None, false));
        }
        let device = parse_device(json!({ "operatingSystem": "FridgeOS", "trustType": "serverad" }));
        assert_eq!(device.platform, Some(DevicePlatform::Other("FridgeOS".to_owned())));
        assert_eq!(device.trust, Some(DeviceTrust::ServerAd));
    }

    #[test]
    fn phone_or_tablet_is_recognised_by_prefix_in_any_case() {
        let mobile = |text: &str| DevicePlatform::from(text.to_owned()).is_mobile();
        for phone in ["iOS", "IPhone", "iphone 15", "IPad", "iPadOS", "Android", "ANDROID", "AndroidForWork"] {
            assert!(mobile(phone), "{phone}");
        }
        for other in ["Windows", "MacMDM", "macOS", "Linux", "", "FridgeOS"] {
            assert!(!mobile(other), "{other}");
        }
    }
}
