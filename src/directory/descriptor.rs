//! Detects from the security descriptor whether an account is denied changing its own password.
//!
//! Sources: MS-DTYP 2.4.6 (self-relative security descriptor), 2.4.5 (ACL), 2.4.4 (ACE); MS-ADTS 5.1.3.2.1 (the right
//! User-Change-Password). Read 2026-11-23.

/// GUID of User-Change-Password, `ab721a53-1e2f-11d0-9819-00aa0040529b`, in the byte order of an ACE.
const CHANGE_PASSWORD: [u8; 16] =
    [0x53, 0x1A, 0x72, 0xAB, 0x2F, 0x1E, 0xD0, 0x11, 0x98, 0x19, 0x00, 0xAA, 0x00, 0x40, 0x52, 0x9B];
/// `RIGHT_DS_CONTROL_ACCESS` or `GENERIC_ALL`.
const CONTROL_ACCESS: u32 = 0x100 | 0x1000_0000;
/// Control flag of a descriptor that has a DACL.
const HAS_LIST: u16 = 0x0004;
/// ACE flag: the ACE applies to child objects, not to this one.
const INHERIT_ONLY: u8 = 0x08;
/// S-1-1-0, Everyone.
const EVERYONE: [u8; 12] = [1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0];
/// S-1-5-10, Principal Self: the account itself.
const SELF: [u8; 12] = [1, 1, 0, 0, 0, 0, 0, 5, 10, 0, 0, 0];

/// Returns whether the account is denied changing its password.
///
/// The checkbox in the console denies it to the account itself and to Everyone ("Reading User Cannot Change Password",
/// ADSI; read 2026-11-23). Either denial is enough if it comes first: the first matching ACE decides, as in AD's access
/// check. Returns `None` if no ACE matches, because a group, which is not resolved, may still allow it, and if the
/// descriptor cannot be read.
pub(super) fn cannot_change(descriptor: &[u8]) -> Option<bool> {
    let control = word(descriptor, 2)?;
    let list_at = usize::try_from(double(descriptor, 16)?).ok()?;
    if control & HAS_LIST == 0 || list_at == 0 {
        // Without a DACL every access is allowed.
        return Some(false);
    }
    let list = descriptor.get(list_at..)?;
    let (size, count) = (usize::from(word(list, 2)?), word(list, 4)?);
    let mut rest = list.get(8..size)?;
    for _ in 0..count {
        let size = usize::from(word(rest, 2)?);
        let (entry, after) = rest.split_at_checked(size).filter(|_| size >= 8)?;
        if let Some(denied) = verdict(entry) {
            return Some(denied);
        }
        rest = after;
    }
    None
}

/// Returns whether an ACE denies or allows changing the password, or `None` if it is about something else.
fn verdict(entry: &[u8]) -> Option<bool> {
    let (kind, flags) = (*entry.first()?, *entry.get(1)?);
    if flags & INHERIT_ONLY != 0 || double(entry, 4)? & CONTROL_ACCESS == 0 {
        return None;
    }
    let (denied, names_object) = match kind {
        0x00 => (false, false),
        0x01 => (true, false),
        0x05 => (false, true),
        0x06 => (true, true),
        _ => return None,
    };
    let who = if names_object { whom_of_object_entry(entry)? } else { entry.get(8..)? };
    // An ACE may be padded after its SID.
    (who.starts_with(&EVERYONE) || who.starts_with(&SELF)).then_some(denied)
}

/// Returns the SID of an object ACE if the ACE covers User-Change-Password or all control access rights.
fn whom_of_object_entry(entry: &[u8]) -> Option<&[u8]> {
    let present = double(entry, 8)?;
    let mut at = 12;
    if present & 1 != 0 {
        if entry.get(at..at + 16)? != CHANGE_PASSWORD {
            return None;
        }
        at += 16;
    }
    if present & 2 != 0 {
        at += 16;
    }
    entry.get(at..)
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|chunk| u16::from_le_bytes(*chunk))
}

fn double(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AUTHENTICATED: [u8; 12] = [1, 1, 0, 0, 0, 0, 0, 5, 11, 0, 0, 0];

    fn entry(kind: u8, flags: u8, right: Option<[u8; 16]>, who: [u8; 12]) -> Vec<u8> {
        let mut body = 0x100_u32.to_le_bytes().to_vec();
        if kind >= 5 {
            body.extend(u32::from(right.is_some()).to_le_bytes());
            body.extend(right.into_iter().flatten());
        }
        body.extend(who);
        let size = u16::try_from(body.len() + 4).unwrap();
        [vec![kind, flags], size.to_le_bytes().to_vec(), body].concat()
    }

    fn descriptor(entries: &[Vec<u8>]) -> Vec<u8> {
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
    fn a_denial_that_comes_first_decides() {
        let deny = |who| entry(6, 0, Some(CHANGE_PASSWORD), who);
        let allow = |who| entry(5, 0, Some(CHANGE_PASSWORD), who);
        assert_eq!(cannot_change(&descriptor(&[deny(EVERYONE), deny(SELF), allow(SELF)])), Some(true));
        assert_eq!(cannot_change(&descriptor(&[deny(SELF)])), Some(true));
        assert_eq!(cannot_change(&descriptor(&[allow(EVERYONE), allow(SELF), deny(SELF)])), Some(false));
    }

    #[test]
    fn entries_about_something_else_say_nothing() {
        let others = [
            entry(6, 0, Some([7; 16]), SELF),
            entry(6, INHERIT_ONLY, Some(CHANGE_PASSWORD), SELF),
            entry(6, 0, Some(CHANGE_PASSWORD), AUTHENTICATED),
            entry(2, 0, None, SELF),
        ];
        assert_eq!(cannot_change(&descriptor(&others)), None);
        assert_eq!(
            cannot_change(&descriptor(&[others.to_vec(), vec![entry(1, 0, None, EVERYONE)]].concat())),
            Some(true)
        );
        assert_eq!(cannot_change(&descriptor(&[entry(5, 0, None, SELF)])), Some(false), "all rights include this one");
    }

    #[test]
    fn no_list_protects_nothing_and_half_a_descriptor_says_nothing() {
        let mut without = descriptor(&[]);
        without[2] = 0;
        assert_eq!(cannot_change(&without), Some(false));
        let whole = descriptor(&[entry(6, 0, Some(CHANGE_PASSWORD), SELF)]);
        for length in 0..whole.len() {
            assert_eq!(cannot_change(&whole[..length]), None, "cut at {length}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes: Vec<u8>, list_at: u8, tail: Vec<u8>) {
            let _ = cannot_change(&bytes);
            let mut near = vec![1, 0, 4, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, list_at, 0, 0, 0];
            near.extend(tail);
            let _ = cannot_change(&near);
        }

        #[test]
        fn no_damage_to_a_good_one_makes_it_panic(at in 0_usize..68, to: u8) {
            let mut damaged = descriptor(&[entry(6, 0, Some(CHANGE_PASSWORD), SELF)]);
            let at = at % damaged.len();
            damaged[at] = to;
            let _ = cannot_change(&damaged);
        }
    }
}
