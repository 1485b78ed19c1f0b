//! Measures colours as WCAG 2.2 does: relative luminance and contrast ratio
//! (<https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio>, read 2026-08).

/// An sRGB colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Colour([u8; 3]);

impl Colour {
    pub(crate) const WHITE: Self = Self([255, 255, 255]);

    /// Parses a colour such as `#0b5d57`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|d| d.len() == 6 && d.bytes().all(|b| b.is_ascii_hexdigit()))?;
        let part = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
        Some(Self([part(0)?, part(2)?, part(4)?]))
    }

    pub(crate) fn to_css(self) -> String {
        let [r, g, b] = self.0;
        format!("#{r:02x}{g:02x}{b:02x}")
    }

    fn relative_luminance(self) -> f64 {
        let linear = |channel: u8| {
            let c = f64::from(channel) / 255.0;
            if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        let [r, g, b] = self.0.map(linear);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    /// Returns the contrast ratio, from 1 to 21.
    pub(crate) fn contrast_with(self, other: Self) -> f64 {
        let (one, two) = (self.relative_luminance(), other.relative_luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// Mixes in `percent` of another colour.
    pub(crate) fn mix_with(self, other: Self, percent: u16) -> Self {
        let mix = |(a, b): (u8, u8)| {
            let sum = u16::from(a) * (100 - percent.min(100)) + u16::from(b) * percent.min(100);
            u8::try_from(sum / 100).unwrap_or(u8::MAX)
        };
        let mut parts = self.0;
        for (mine, theirs) in parts.iter_mut().zip(other.0) {
            *mine = mix((*mine, theirs));
        }
        Self(parts)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn contrast_matches_wcag() {
        let colour = |text| Colour::parse(text).unwrap();
        assert!((Colour::WHITE.contrast_with(colour("#000000")) - 21.0).abs() < 0.01);
        assert!(
            (Colour::WHITE.contrast_with(colour("#767676")) - 4.54).abs() < 0.01,
            "the well-known grey that just passes"
        );
        assert_eq!(Colour::parse("teal"), None);
        assert_eq!(Colour::parse("#12345"), None);
        assert_eq!(Colour::parse("#12345ü"), None);
    }

    proptest! {
        #[test]
        fn contrast_is_symmetric_and_mixed_colour_round_trips(r: [u8; 3], s: [u8; 3], percent in 0_u16..=100) {
            let (one, two) = (Colour(r), Colour(s));
            prop_assert!((one.contrast_with(two) - two.contrast_with(one)).abs() < 1e-9);
            let mixed = one.mix_with(two, percent);
            prop_assert_eq!(Colour::parse(&mixed.to_css()), Some(mixed));
            prop_assert!(Colour::WHITE.contrast_with(mixed) >= 1.0);
        }
    }
}
