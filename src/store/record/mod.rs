//! Format 1 of cco's records: what of the core is written to disk, as types of its own.
//!
//! Owned by the store; nothing else serialises a type of the core. Words of floor 0 are written as they are. Unknown
//! fields and kinds are refused: they were written by a newer cco, and reading them as less would lose something.

mod charter;
mod event;
mod mirror;
mod plan;
#[cfg(test)]
pub(super) mod sample;
mod session;
mod stage;

use serde_json::Error;

use self::mirror::Mirror;
use crate::session::{Event, Session};

/// An event as one line of JSON. An error means that something in it has no JSON, such as a number that is not finite.
pub(super) fn encode_event(event: &Event) -> Result<Vec<u8>, Error> {
    let body = serde_json::to_vec(&event.to_record())?;
    // Not-a-number is written as `null` and read back as nothing: what cannot be read must never be acknowledged.
    decode_event(&body)?;
    Ok(body)
}

/// The event in a record's body.
pub(super) fn decode_event(body: &[u8]) -> Result<Event, Error> {
    serde_json::from_slice(body).map(Event::from_record)
}

/// A session as JSON.
pub(super) fn encode_session(session: &Session) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(&session.to_record())
}

/// The session in a restore point's body.
pub(super) fn decode_session(body: &[u8]) -> Result<Session, Error> {
    serde_json::from_slice(body).map(Session::from_record)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::sample::{Dice, Sample, there_and_back};
    use super::*;
    use crate::words::{AttemptId, Measure, Verdict};

    proptest! {
        #[test]
        fn every_event_comes_back_as_it_was(seed in any::<u64>()) {
            let event = Event::sample(&mut Dice::new(seed));
            let body = encode_event(&event).unwrap();
            prop_assert!(!body.contains(&b'\n'));
            prop_assert_eq!(decode_event(&body).unwrap(), event);
        }

        #[test]
        fn every_session_comes_back_as_it_was(seed in any::<u64>()) {
            let session = Session::sample(&mut Dice::new(seed));
            prop_assert_eq!(there_and_back(&session), session);
        }
    }

    #[test]
    fn the_kinds_on_disk_are_the_names_of_the_events() {
        let mut dice = Dice::new(1);
        for _ in 0..500 {
            let event = Event::sample(&mut dice);
            let body = String::from_utf8(encode_event(&event).unwrap()).unwrap();
            assert!(body.starts_with(&format!("{{\"{}\":", event.name())), "{body}");
        }
    }

    #[test]
    fn unknown_kinds_and_fields_are_refused() {
        assert!(decode_event(br#"{"cancelled":{"attempt":3}}"#).is_ok());
        for foreign in [r#"{"cancelled":{"attempt":3,"more":1}}"#, r#"{"dreamt":{"attempt":3}}"#, r#"{"cancelled":{}}"#]
        {
            assert!(decode_event(foreign.as_bytes()).is_err(), "{foreign}");
        }
    }

    #[test]
    fn an_event_that_could_not_be_read_back_is_not_written() {
        let mut verdict = Verdict::sample(&mut Dice::new(5));
        verdict.evidence.measures = vec![Measure { name: "lines".into(), value: f64::NAN, bound: String::new() }];
        let event = Event::VerdictRecorded { attempt: AttemptId(1), verdict: Box::new(verdict) };
        assert!(encode_event(&event).is_err());
    }
}
