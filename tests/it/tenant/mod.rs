//! The emulator behaves as Entra, Graph and a writeback agent do.

mod oidc;
mod proofs;
mod resets;
