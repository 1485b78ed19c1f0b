//! The emulator behaves as Entra, Graph and a writeback agent do.

mod microsoft;
mod oidc;
mod proofs;
mod resets;
mod rules;
