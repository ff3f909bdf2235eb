//! W3C Trace Context and Baggage codec: strict, no_std, no allocation, no dependency
