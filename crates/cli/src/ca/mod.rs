//! The test server's own certificate authority.
