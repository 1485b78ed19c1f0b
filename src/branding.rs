//! Loads the organisation's branding: logo and accent colour. Both are read and checked once at start, so that pages
//! are always readable and no rebuild is needed.

use std::path::Path;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::base::{Colour, encode_hex};
use crate::config::BrandingConfig;

/// Maximum size of the logo file. A larger logo makes every page slow.
const MAX_LOGO_BYTES: usize = 200 * 1024;
/// Minimum contrast of text on its background (WCAG 2.2, 1.4.3).
const MIN_CONTRAST: f64 = 4.5;

/// Backgrounds of the accent colour in the light theme of `passback.css`.
const LIGHT_BACKGROUNDS: [&str; 3] = ["#ffffff", "#f1f5f4", "#dff0ed"];
/// Backgrounds of the accent colour in the dark theme of `passback.css`.
const DARK_BACKGROUNDS: [&str; 2] = ["#172120", "#0e1514"];
/// Possible text colours on the accent.
const TEXT_COLOURS: [&str; 2] = ["#ffffff", "#0b1211"];

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
    LogoUnreadable { path: String, source: std::io::Error },
    #[error("branding.logo_file {path}: must be .svg, .png or .webp and at most 200 KiB")]
    LogoInvalid { path: String },
}

/// File that pages link to. Its URL contains a hash of its content, so browsers may cache it without limit.
pub(crate) struct BrandAsset {
    pub(crate) hash: String,
    pub(crate) name: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) bytes: Bytes,
}

/// Logo and colours of the organisation.
#[derive(Default)]
pub(crate) struct OrganisationBrand {
    logo: Option<BrandAsset>,
    stylesheet: Option<BrandAsset>,
}

impl OrganisationBrand {
    pub(crate) fn new(settings: &BrandingConfig) -> Result<Self, BrandError> {
        Ok(Self {
            logo: settings.logo_file.as_deref().map(load_logo).transpose()?,
            stylesheet: settings.accent.as_deref().map(|accent| build_stylesheet(accent, settings)).transpose()?,
        })
    }

    pub(crate) fn find_asset(&self, hash: &str, name: &str) -> Option<&BrandAsset> {
        [&self.logo, &self.stylesheet].into_iter().flatten().find(|file| file.hash == hash && file.name == name)
    }

    pub(crate) fn logo_path(&self) -> Option<String> {
        self.logo.as_ref().map(BrandAsset::url_path)
    }

    pub(crate) fn stylesheet_path(&self) -> Option<String> {
        self.stylesheet.as_ref().map(BrandAsset::url_path)
    }
}

impl BrandAsset {
    fn new(name: &'static str, kind: &'static str, bytes: Vec<u8>) -> Self {
        let hash: String = encode_hex(&Sha256::digest(&bytes)).chars().take(12).collect();
        Self { hash, name, content_type: kind, bytes: bytes.into() }
    }

    fn url_path(&self) -> String {
        format!("/brand/{}/{}", self.hash, self.name)
    }
}

fn load_logo(path: &Path) -> Result<BrandAsset, BrandError> {
    let named = || path.display().to_string();
    let kind = match path.extension().and_then(|e| e.to_str()).map(str::to_lowercase).as_deref() {
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webp") => "image/webp",
        _ => return Err(BrandError::LogoInvalid { path: named() }),
    };
    let bytes = std::fs::read(path).map_err(|source| BrandError::LogoUnreadable { path: named(), source })?;
    if bytes.len() > MAX_LOGO_BYTES {
        return Err(BrandError::LogoInvalid { path: named() });
    }
    Ok(BrandAsset::new("logo", kind, bytes))
}

/// Creates a style sheet with the accent for both themes. Without a colour for the dark theme, the accent is lightened
/// until it is readable.
fn build_stylesheet(accent: &str, settings: &BrandingConfig) -> Result<BrandAsset, BrandError> {
    let light = parse_readable_colour("accent", accent, &LIGHT_BACKGROUNDS, "darker")?;
    let dark = match settings.accent_dark.as_deref() {
        Some(given) => parse_readable_colour("accent_dark", given, &DARK_BACKGROUNDS, "lighter")?,
        None => (0..=100)
            .map(|percent| light.mix_with(Colour::WHITE, percent))
            .find(|colour| first_unreadable_background(*colour, &DARK_BACKGROUNDS).is_none())
            .unwrap_or(Colour::WHITE),
    };
    let theme = |accent: Colour, soft: &str| {
        format!(
            ":root {{ --accent: {}; --accent-ink: {}; --accent-soft: {soft}; }}",
            accent.to_css(),
            best_text_colour(accent).to_css()
        )
    };
    let soft = |ground: &str, accent: Colour| Colour::parse(ground).map_or(accent, |g| g.mix_with(accent, 8)).to_css();
    let css = format!(
        "{}\n@media (prefers-color-scheme: dark) {{ {} }}\n",
        theme(light, &soft("#ffffff", light)),
        theme(dark, &soft("#172120", dark))
    );
    Ok(BrandAsset::new("colours.css", "text/css; charset=utf-8", css.into_bytes()))
}

/// Returns the text colour with the highest contrast on a colour.
fn best_text_colour(on: Colour) -> Colour {
    let contrast = |ink: &Colour| on.contrast_with(*ink);
    let inks = TEXT_COLOURS.iter().filter_map(|ink| Colour::parse(ink));
    inks.max_by(|a, b| contrast(a).total_cmp(&contrast(b))).unwrap_or(Colour::WHITE)
}

fn parse_readable_colour(
    key: &'static str,
    value: &str,
    grounds: &[&'static str],
    advice: &'static str,
) -> Result<Colour, BrandError> {
    let colour = Colour::parse(value).ok_or_else(|| BrandError::NotAColour { key, value: value.to_owned() })?;
    match first_unreadable_background(colour, grounds) {
        None => Ok(colour),
        Some((ground, contrast)) => {
            Err(BrandError::Unreadable { key, value: value.to_owned(), ground, contrast, advice })
        }
    }
}

/// Returns the first background on which the colour is unreadable, with the contrast.
fn first_unreadable_background(colour: Colour, grounds: &[&'static str]) -> Option<(&'static str, f64)> {
    let on = |ground: &&'static str| Some((*ground, Colour::parse(ground)?.contrast_with(colour)));
    grounds.iter().filter_map(on).find(|(_, contrast)| *contrast < MIN_CONTRAST)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stylesheet_for(accent: &str) -> Result<String, BrandError> {
        let brand =
            OrganisationBrand::new(&BrandingConfig { accent: Some(accent.to_owned()), ..BrandingConfig::default() })?;
        Ok(String::from_utf8(brand.stylesheet.unwrap().bytes.to_vec()).unwrap())
    }

    #[test]
    fn unreadable_colour_is_rejected_with_advice() {
        let message = stylesheet_for("#ffcc00").unwrap_err().to_string();
        assert!(message.contains("contrast is 1.5") && message.contains("take a darker one"), "{message}");
        assert!(stylesheet_for("red").unwrap_err().to_string().contains("not a colour"));
        assert!(stylesheet_for("#7a1fa2").unwrap().contains("--accent: #7a1fa2; --accent-ink: #ffffff"));
    }

    #[test]
    fn logo_of_wrong_type_or_size_is_rejected() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("logo.exe");
        std::fs::write(&file, b"x").unwrap();
        let settings = |path: &Path| BrandingConfig { logo_file: Some(path.to_owned()), ..BrandingConfig::default() };
        assert!(matches!(OrganisationBrand::new(&settings(&file)), Err(BrandError::LogoInvalid { .. })));
        let file = dir.path().join("logo.svg");
        assert!(matches!(OrganisationBrand::new(&settings(&file)), Err(BrandError::LogoUnreadable { .. })));
        std::fs::write(&file, b"<svg/>").unwrap();
        let brand = OrganisationBrand::new(&settings(&file)).unwrap();
        assert!(brand.logo_path().unwrap().starts_with("/brand/"));
        std::fs::write(&file, vec![b'x'; 300_000]).unwrap();
        assert!(matches!(OrganisationBrand::new(&settings(&file)), Err(BrandError::LogoInvalid { .. })));
    }

    proptest! {
        #[test]
        fn accepted_accent_is_readable_in_both_themes(r: u8, g: u8, b: u8) {
            let accent = format!("#{r:02x}{g:02x}{b:02x}");
            if let Ok(css) = stylesheet_for(&accent) {
                let values: Vec<Colour> = css.split("--accent: ").skip(1).map(|rest| Colour::parse(&rest[..7]).unwrap()).collect();
                prop_assert!(first_unreadable_background(values[0], &LIGHT_BACKGROUNDS).is_none() && first_unreadable_background(values[1], &DARK_BACKGROUNDS).is_none());
                for value in values {
                    prop_assert!(best_text_colour(value).contrast_with(value) >= 4.5, "{}", value.to_css());
                }
            }
        }
    }
}
