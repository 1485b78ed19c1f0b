//! Detects from the security descriptor whether an account is denied changing its own password.
//!
//! Sources: MS-DTYP 2.4.6 (self-relative security descriptor), 2.4.5 (ACL), 2.4.4 (ACE); MS-ADTS 5.1.3.2.1 (the right
//! User-Change-Password). Read 2026-11-23.

/// GUID of User-Change-Password, `ab721a53-1e2f-11d0-9819-00aa0040529b`, in the byte order of an ACE.
const CHANGE_PASSWORD_RIGHT: [u8; 16] =
    [0x53, 0x1A, 0x72, 0xAB, 0x2F, 0x1E, 0xD0, 0x11, 0x98, 0x19, 0x00, 0xAA, 0x00, 0x40, 0x52, 0x9B];
/// `RIGHT_DS_CONTROL_ACCESS` or `GENERIC_ALL`.
const CONTROL_ACCESS_MASK: u32 = 0x100 | 0x1000_0000;
/// Control flag of a descriptor that has a DACL.
const SE_DACL_PRESENT: u16 = 0x0004;
/// ACE flag: the ACE applies to child objects, not to this one.
const INHERIT_ONLY_ACE: u8 = 0x08;
/// S-1-1-0, Everyone.
const EVERYONE_SID: [u8; 12] = [1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0];
/// S-1-5-10, Principal Self: the account itself.
const PRINCIPAL_SELF_SID: [u8; 12] = [1, 1, 0, 0, 0, 0, 0, 5, 10, 0, 0, 0];

/// Returns whether the account is denied changing its password.
///
/// The checkbox in the console denies it to the account itself and to Everyone ("Reading User Cannot Change Password",
/// ADSI; read 2026-11-23). Either denial is enough if it comes first: the first matching ACE decides, as in AD's access
/// check. Returns `None` if no ACE matches, because a group, which is not resolved, may still allow it, and if the
/// descriptor cannot be read.
pub(super) fn denies_password_change(descriptor: &[u8]) -> Option<bool> {
    let control = u16_at(descriptor, 2)?;
    let list_at = usize::try_from(u32_at(descriptor, 16)?).ok()?;
    if control & SE_DACL_PRESENT == 0 || list_at == 0 {
        // Without a DACL every access is allowed.
        return Some(false);
    }
    let list = descriptor.get(list_at..)?;
    let (size, count) = (usize::from(u16_at(list, 2)?), u16_at(list, 4)?);
    let mut rest = list.get(8..size)?;
    for _ in 0..count {
        let size = usize::from(u16_at(rest, 2)?);
        let (entry, after) = rest.split_at_checked(size).filter(|_| size >= 8)?;
        if let Some(denied) = evaluate_ace(entry) {
            return Some(denied);
        }
        rest = after;
    }
    None
}

/// Returns whether an ACE denies or allows changing the password, or `None` if it is about something else.
fn evaluate_ace(entry: &[u8]) -> Option<bool> {
    let (kind, flags) = (*entry.first()?, *entry.get(1)?);
    if flags & INHERIT_ONLY_ACE != 0 || u32_at(entry, 4)? & CONTROL_ACCESS_MASK == 0 {
        return None;
    }
    let (denied, names_object) = match kind {
        0x00 => (false, false),
        0x01 => (true, false),
        0x05 => (false, true),
        0x06 => (true, true),
        _ => return None,
    };
    let who = if names_object { object_ace_sid(entry)? } else { entry.get(8..)? };
    // An ACE may be padded after its SID.
    (who.starts_with(&EVERYONE_SID) || who.starts_with(&PRINCIPAL_SELF_SID)).then_some(denied)
}

/// Returns the SID of an object ACE if the ACE covers User-Change-Password or all control access rights.
fn object_ace_sid(entry: &[u8]) -> Option<&[u8]> {
    let present = u32_at(entry, 8)?;
    let mut at = 12;
    if present & 1 != 0 {
        if entry.get(at..at + 16)? != CHANGE_PASSWORD_RIGHT {
            return None;
        }
        at += 16;
    }
    if present & 2 != 0 {
        at += 16;
    }
    entry.get(at..)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|chunk| u16::from_le_bytes(*chunk))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AUTHENTICATED_USERS_SID: [u8; 12] = [1, 1, 0, 0, 0, 0, 0, 5, 11, 0, 0, 0];

    fn build_ace(kind: u8, flags: u8, right: Option<[u8; 16]>, who: [u8; 12]) -> Vec<u8> {
        let mut body = 0x100_u32.to_le_bytes().to_vec();
        if kind >= 5 {
            body.extend(u32::from(right.is_some()).to_le_bytes());
            body.extend(right.into_iter().flatten());
        }
        body.extend(who);
        let size = u16::try_from(body.len() + 4).unwrap();
        [vec![kind, flags], size.to_le_bytes().to_vec(), body].concat()
    }

    fn build_descriptor(entries: &[Vec<u8>]) -> Vec<u8> {
        let body = entries.concat();
        let (size, count) = (u16::try_from(body.len() + 8).unwrap(), u16::try_from(entries.len()).unwrap());
        let mut made = vec![1, 0, 4, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0];
        made.extend([4, 0]);
        made.extend(size.to_le_bytes());
        made.extend(count.to_le_bytes());
        made.extend([0, 0]);
        made.extend(body);
        made
    }

    #[test]
    fn first_matching_ace_decides() {
        let deny = |who| build_ace(6, 0, Some(CHANGE_PASSWORD_RIGHT), who);
        let allow = |who| build_ace(5, 0, Some(CHANGE_PASSWORD_RIGHT), who);
        assert_eq!(
            denies_password_change(&build_descriptor(&[
                deny(EVERYONE_SID),
                deny(PRINCIPAL_SELF_SID),
                allow(PRINCIPAL_SELF_SID)
            ])),
            Some(true)
        );
        assert_eq!(denies_password_change(&build_descriptor(&[deny(PRINCIPAL_SELF_SID)])), Some(true));
        assert_eq!(
            denies_password_change(&build_descriptor(&[
                allow(EVERYONE_SID),
                allow(PRINCIPAL_SELF_SID),
                deny(PRINCIPAL_SELF_SID)
            ])),
            Some(false)
        );
    }

    #[test]
    fn unrelated_aces_decide_nothing() {
        let others = [
            build_ace(6, 0, Some([7; 16]), PRINCIPAL_SELF_SID),
            build_ace(6, INHERIT_ONLY_ACE, Some(CHANGE_PASSWORD_RIGHT), PRINCIPAL_SELF_SID),
            build_ace(6, 0, Some(CHANGE_PASSWORD_RIGHT), AUTHENTICATED_USERS_SID),
            build_ace(2, 0, None, PRINCIPAL_SELF_SID),
        ];
        assert_eq!(denies_password_change(&build_descriptor(&others)), None);
        assert_eq!(
            denies_password_change(&build_descriptor(
                &[others.to_vec(), vec![build_ace(1, 0, None, EVERYONE_SID)]].concat()
            )),
            Some(true)
        );
        assert_eq!(
            denies_password_change(&build_descriptor(&[build_ace(5, 0, None, PRINCIPAL_SELF_SID)])),
            Some(false),
            "all rights include this one"
        );
    }

    #[test]
    fn missing_dacl_denies_nothing_and_truncated_descriptor_is_unknown() {
        let mut without = build_descriptor(&[]);
        without[2] = 0;
        assert_eq!(denies_password_change(&without), Some(false));
        let whole = build_descriptor(&[build_ace(6, 0, Some(CHANGE_PASSWORD_RIGHT), PRINCIPAL_SELF_SID)]);
        for length in 0..whole.len() {
            assert_eq!(denies_password_change(&whole[..length]), None, "cut at {length}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_descriptor_bytes_never_panic(bytes: Vec<u8>, list_at: u8, tail: Vec<u8>) {
            let _ = denies_password_change(&bytes);
            let mut near = vec![1, 0, 4, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, list_at, 0, 0, 0];
            near.extend(tail);
            let _ = denies_password_change(&near);
        }

        #[test]
        fn damaged_valid_descriptor_never_panics(at in 0_usize..68, to: u8) {
            let mut damaged = build_descriptor(&[build_ace(6, 0, Some(CHANGE_PASSWORD_RIGHT), PRINCIPAL_SELF_SID)]);
            let at = at % damaged.len();
            damaged[at] = to;
            let _ = denies_password_change(&damaged);
        }
    }
}
