//! May this sign-up or sign-in go on?
