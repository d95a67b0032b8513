//! Lambda, as a bootstrap sees it.
