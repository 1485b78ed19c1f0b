//! Loads the organisation's branding: logo and accent colour. Both are read and checked once at start, so that pages
//! are always readable and no rebuild is needed.

use std::path::Path;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::base::{Colour, hex};
use crate::config::BrandingConfig;

/// Maximum size of the logo file. A larger logo makes every page slow.
const LOGO_LIMIT: usize = 200 * 1024;
/// Minimum contrast of text on its background (WCAG 2.2, 1.4.3).
const READABLE: f64 = 4.5;

/// Backgrounds of the accent colour in the light theme of `passback.css`.
const LIGHT: [&str; 3] = ["#ffffff", "#f1f5f4", "#dff0ed"];
/// Backgrounds of the accent colour in the dark theme of `passback.css`.
const DARK: [&str; 2] = ["#172120", "#0e1514"];
/// Possible text colours on the accent.
const INKS: [&str; 2] = ["#ffffff", "#0b1211"];

/// Reason why the branding cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BrandError {
    #[error("branding.{key} {value}: not a colour such as #0b5d57")]
    NotAColour { key: &'static str, value: String },
    #[error(
        "branding.{key} {value}: unreadable on {ground}, its contrast is {contrast:.1} and must be 4.5 or more (WCAG 2.2); take a {advice} one"
    )]
    Unreadable { key: &'static str, value: String, ground: &'static str, contrast: f64, advice: &'static str },
    #[error("cannot read branding.logo_file {path}")]
    Logo { path: String, source: std::io::Error },
    #[error("branding.logo_file {path}: must be .svg, .png or .webp and at most 200 KiB")]
    LogoKind { path: String },
}

/// File that pages link to. Its URL contains a hash of its content, so browsers may cache it without limit.
pub(crate) struct BrandAsset {
    pub(crate) hash: String,
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) bytes: Bytes,
}

/// Logo and colours of the organisation.
#[derive(Default)]
pub(crate) struct OrganisationBrand {
    logo: Option<BrandAsset>,
    colours: Option<BrandAsset>,
}

impl OrganisationBrand {
    pub(crate) fn new(settings: &BrandingConfig) -> Result<Self, BrandError> {
        Ok(Self {
            logo: settings.logo_file.as_deref().map(logo).transpose()?,
            colours: settings.accent.as_deref().map(|accent| colours(accent, settings)).transpose()?,
        })
    }

    pub(crate) fn file(&self, hash: &str, name: &str) -> Option<&BrandAsset> {
        [&self.logo, &self.colours].into_iter().flatten().find(|file| file.hash == hash && file.name == name)
    }

    pub(crate) fn logo(&self) -> Option<String> {
        self.logo.as_ref().map(BrandAsset::address)
    }

    pub(crate) fn colours(&self) -> Option<String> {
        self.colours.as_ref().map(BrandAsset::address)
    }
}

impl BrandAsset {
    fn new(name: &'static str, kind: &'static str, bytes: Vec<u8>) -> Self {
        let hash: String = hex(&Sha256::digest(&bytes)).chars().take(12).collect();
        Self { hash, name, kind, bytes: bytes.into() }
    }

    fn address(&self) -> String {
        format!("/brand/{}/{}", self.hash, self.name)
    }
}

fn logo(path: &Path) -> Result<BrandAsset, BrandError> {
    let named = || path.display().to_string();
    let kind = match path.extension().and_then(|e| e.to_str()).map(str::to_lowercase).as_deref() {
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webp") => "image/webp",
        _ => return Err(BrandError::LogoKind { path: named() }),
    };
    let bytes = std::fs::read(path).map_err(|source| BrandError::Logo { path: named(), source })?;
    if bytes.len() > LOGO_LIMIT {
        return Err(BrandError::LogoKind { path: named() });
    }
    Ok(BrandAsset::new("logo", kind, bytes))
}

/// Creates a style sheet with the accent for both themes. Without a colour for the dark theme, the accent is lightened
/// until it is readable.
fn colours(accent: &str, settings: &BrandingConfig) -> Result<BrandAsset, BrandError> {
    let light = readable("accent", accent, &LIGHT, "darker")?;
    let dark = match settings.accent_dark.as_deref() {
        Some(given) => readable("accent_dark", given, &DARK, "lighter")?,
        None => (0..=100)
            .map(|percent| light.mixed(Colour::WHITE, percent))
            .find(|colour| worst(*colour, &DARK).is_none())
            .unwrap_or(Colour::WHITE),
    };
    let theme = |accent: Colour, soft: &str| {
        format!(":root {{ --accent: {}; --accent-ink: {}; --accent-soft: {soft}; }}", accent.css(), ink(accent).css())
    };
    let soft = |ground: &str, accent: Colour| Colour::parse(ground).map_or(accent, |g| g.mixed(accent, 8)).css();
    let css = format!(
        "{}\n@media (prefers-color-scheme: dark) {{ {} }}\n",
        theme(light, &soft("#ffffff", light)),
        theme(dark, &soft("#172120", dark))
    );
    Ok(BrandAsset::new("colours.css", "text/css; charset=utf-8", css.into_bytes()))
}

/// Returns the text colour with the highest contrast on a colour.
fn ink(on: Colour) -> Colour {
    let contrast = |ink: &Colour| on.contrast(*ink);
    let inks = INKS.iter().filter_map(|ink| Colour::parse(ink));
    inks.max_by(|a, b| contrast(a).total_cmp(&contrast(b))).unwrap_or(Colour::WHITE)
}

fn readable(
    key: &'static str,
    value: &str,
    grounds: &[&'static str],
    advice: &'static str,
) -> Result<Colour, BrandError> {
    let colour = Colour::parse(value).ok_or_else(|| BrandError::NotAColour { key, value: value.to_owned() })?;
    match worst(colour, grounds) {
        None => Ok(colour),
        Some((ground, contrast)) => {
            Err(BrandError::Unreadable { key, value: value.to_owned(), ground, contrast, advice })
        }
    }
}

/// Returns the first background on which the colour is unreadable, with the contrast.
fn worst(colour: Colour, grounds: &[&'static str]) -> Option<(&'static str, f64)> {
    let on = |ground: &&'static str| Some((*ground, Colour::parse(ground)?.contrast(colour)));
    grounds.iter().filter_map(on).find(|(_, contrast)| *contrast < READABLE)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn brand(accent: &str) -> Result<String, BrandError> {
        let brand =
            OrganisationBrand::new(&BrandingConfig { accent: Some(accent.to_owned()), ..BrandingConfig::default() })?;
        Ok(String::from_utf8(brand.colours.unwrap().bytes.to_vec()).unwrap())
    }

    #[test]
    fn a_colour_that_cannot_be_read_is_refused_with_what_to_do() {
        let message = brand("#ffcc00").unwrap_err().to_string();
        assert!(message.contains("contrast is 1.5") && message.contains("take a darker one"), "{message}");
        assert!(brand("red").unwrap_err().to_string().contains("not a colour"));
        assert!(brand("#7a1fa2").unwrap().contains("--accent: #7a1fa2; --accent-ink: #ffffff"));
    }

    #[test]
    fn a_logo_is_a_picture_of_sensible_size() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("logo.exe");
        std::fs::write(&file, b"x").unwrap();
        let settings = |path: &Path| BrandingConfig { logo_file: Some(path.to_owned()), ..BrandingConfig::default() };
        assert!(matches!(OrganisationBrand::new(&settings(&file)), Err(BrandError::LogoKind { .. })));
        let file = dir.path().join("logo.svg");
        assert!(matches!(OrganisationBrand::new(&settings(&file)), Err(BrandError::Logo { .. })));
        std::fs::write(&file, b"<svg/>").unwrap();
        let brand = OrganisationBrand::new(&settings(&file)).unwrap();
        assert!(brand.logo().unwrap().starts_with("/brand/"));
        std::fs::write(&file, vec![b'x'; 300_000]).unwrap();
        assert!(matches!(OrganisationBrand::new(&settings(&file)), Err(BrandError::LogoKind { .. })));
    }

    proptest! {
        #[test]
        fn accepted_accent_is_readable_in_both_themes(r: u8, g: u8, b: u8) {
            let accent = format!("#{r:02x}{g:02x}{b:02x}");
            if let Ok(css) = brand(&accent) {
                let values: Vec<Colour> = css.split("--accent: ").skip(1).map(|rest| Colour::parse(&rest[..7]).unwrap()).collect();
                prop_assert!(worst(values[0], &LIGHT).is_none() && worst(values[1], &DARK).is_none());
                for value in values {
                    prop_assert!(ink(value).contrast(value) >= 4.5, "{}", value.css());
                }
            }
        }
    }
}
