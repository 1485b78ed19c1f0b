//! Pages for administrators.

mod operator;

pub(crate) use operator::{handle_operator_sign_in, router};
